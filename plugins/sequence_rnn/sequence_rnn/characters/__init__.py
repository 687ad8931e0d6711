"""The next character of a text or of code: symbols, streams, network, graph, and the writing itself."""
