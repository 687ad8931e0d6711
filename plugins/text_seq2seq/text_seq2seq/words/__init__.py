"""Word vectors (word2vec: Mikolov et al. 2013), from plain text to a map of its words."""
