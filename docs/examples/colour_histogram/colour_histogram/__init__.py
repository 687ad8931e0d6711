"""A stranger's plugin: the hooks, and nothing heavy.

Trasluz imports this package at its start, so import what takes time (torch, scikit-learn, onnx) inside functions.
"""

from trasluz.api import hookimpl

from .family import ColourHistogram


@hookimpl
def trasluz_families():
    """Called once, when the plugin is loaded: return the families that plugin.toml names."""
    return [ColourHistogram()]
