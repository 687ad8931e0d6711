"""A painter for each view of the api; nothing else in the program paints them."""

from .canvas import Canvas
from .painters import painter_for
from .picture import render

__all__ = ["Canvas", "painter_for", "render"]
