"""Trasluz: train, look through and run your own neural networks."""

__version__ = "0.1.0"
