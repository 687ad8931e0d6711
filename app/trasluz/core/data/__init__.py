"""Data on disk: what is there, what is wrong with it, how it is divided, and how an item is read."""
