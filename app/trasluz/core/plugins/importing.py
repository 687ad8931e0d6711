"""Imports a plugin's package from its own folder, by name, without touching `sys.path`.

A plugin's folder on `sys.path` would let any file in it stand in for a library of that name. So a finder of our
own knows each plugin's package and where it lies, and answers for that package and what is inside it alone.
"""

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from .manifest import PluginError


class _FreshLoader(SourceFileLoader):
    """Compiles from the source each time: a `.pyc` is not part of what was trusted, and none is left behind."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


class _PluginFinder(MetaPathFinder):
    """Finds the packages of the plugins that were admitted, each in its own folder."""

    def __init__(self) -> None:
        self.folders: dict[str, tuple[Path, str]] = {}
        """Package → the plugin's folder, and the hash of its content (empty for what came with the program)."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package = fullname.partition(".")[0]
        if package not in self.folders:
            return None
        folder, content = self.folders[package]
        source = _FreshLoader if content else SourceFileLoader
        for place in [str(folder)] if path is None else path:
            finder = FileFinder(place, (ExtensionFileLoader, list(EXTENSION_SUFFIXES)), (source, [".py"]))
            if spec := finder.find_spec(fullname):
                return spec
        return None


_finder = _PluginFinder()


def import_package(package: str, folder: Path, content_hash: str = "") -> ModuleType:
    """Import a plugin's package, or return it if the same content is imported already.

    Raises:
        PluginError: If a library or another plugin goes by that name.
        BaseException: Whatever the plugin's code raises; the package is then forgotten again.
    """
    folder = folder.resolve()
    loaded = sys.modules.get(package)
    if loaded is not None and _finder.folders.get(package) == (folder, content_hash):
        return loaded
    if package in _finder.folders:
        forget(package)
        loaded = None
    if loaded is not None:
        # A checkout's own plugins may have been imported by path, by their tests.
        if _lies_in(getattr(loaded, "__file__", None), folder):
            return loaded
        raise _taken(package, getattr(loaded, "__file__", None))
    library = _library(package)
    if library and not _lies_in(library, folder):
        raise _taken(package, library)
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    _finder.folders[package] = (folder, content_hash)
    try:
        return importlib.import_module(package)
    except BaseException:
        forget(package)
        raise


def forget(package: str) -> None:
    """Drop a plugin's package, so that it can be imported anew; a package that is none of ours stays."""
    if _finder.folders.pop(package, None) is None:
        return
    for name in [n for n in sys.modules if n == package or n.startswith(f"{package}.")]:
        del sys.modules[name]
    importlib.invalidate_caches()


def _library(package: str) -> str | None:
    """Say where `import package` would lead without us; None where nowhere."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin:
        return spec.origin if spec else None
    # A namespace: any folder of that name, such as one in the current folder, unless it was installed.
    places = [str(place) for place in spec.submodule_search_locations or ()]
    return next((p for p in places if "site-packages" in p or "dist-packages" in p), None)


def _lies_in(path: str | None, folder: Path) -> bool:
    return path is not None and Path(path).resolve().is_relative_to(folder)


def _taken(package: str, path: str | None) -> PluginError:
    where = f" in “{Path(path).parent}”" if path and path not in ("built-in", "frozen") else ""
    return PluginError(
        f"Its package is named “{package}”, which is a library{where} already; the plugin's author has to rename it."
    )
