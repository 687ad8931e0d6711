"""Which libraries are installed, by what they say of themselves; none of them is imported for that."""

import importlib.metadata

ONNX_RUNTIMES = ("onnxruntime-gpu", "onnxruntime")
"""The same library under two names: which of them is installed depends on the system."""


def installed(*packages: str) -> dict[str, str]:
    """The versions of those that are installed, in the order asked."""
    found = {}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
