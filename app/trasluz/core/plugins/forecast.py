"""What can be said of a plugin before any of it runs: from its manifest, its files, and its source as text."""

import ast
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from .discovery import PluginInfo
from .manifest import Manifest, version_key

_PUBLIC = ("trasluz.api", "trasluz.torchkit")
_COMPILED = (".so", ".pyd", ".dll", ".dylib", ".exe")
_LARGE = 50 << 20
_SOURCE_AT_MOST = 2 << 20


def warnings_for(manifest: Manifest, folder: Path, files: Sequence[Path], installed: Sequence[PluginInfo]) -> list[str]:
    """Say what a person should know before they trust a plugin, a sentence each."""
    return [
        *_about_others(manifest, installed),
        *_about_files(folder, files),
        *_about_code(manifest, folder, files),
        *([] if manifest.licence else ["It does not say under which licence it may be used."]),
    ]


def _about_others(manifest: Manifest, installed: Sequence[PluginInfo]) -> Iterator[str]:
    for other in installed:
        if other.id == manifest.id and other.version:
            old, new = version_key(other.version), version_key(manifest.version)
            if new < old:
                yield f"Version {other.version} is installed; this one, {manifest.version}, is older."
        elif other.state != "broken":
            for family in sorted(set(manifest.families) & set(other.families)):
                yield f"It brings the model family “{family}”, which “{other.title}” brings already; it would not load."
            if other.package == manifest.package:
                yield f"Its package “{manifest.package}” has the name of the one of “{other.title}”; it would not load."


def _about_files(folder: Path, files: Sequence[Path]) -> Iterator[str]:
    compiled = [p for p in files if p.suffix.lower() in _COMPILED]
    if compiled:
        yield f"It holds compiled code that cannot be read: {_names(folder, compiled)}."
    size = sum(p.stat().st_size for p in files)
    if size > _LARGE:
        yield f"It is large: {size >> 20:,} MB."


def _about_code(manifest: Manifest, folder: Path, files: Sequence[Path]) -> Iterator[str]:
    modules: set[str] = set()
    for path in files:
        if path.suffix != ".py" or path.relative_to(folder).parts[0] != manifest.package:
            continue
        name = path.relative_to(folder).as_posix()
        try:
            source = path.read_bytes()
            tree = ast.parse(source[:_SOURCE_AT_MOST], filename=name)
        except SyntaxError as error:
            yield f"{name} is not valid Python (line {error.lineno}); it would not load."
        except (ValueError, RecursionError, MemoryError, OSError):
            yield f"{name} cannot be read as Python; it would not load."
        else:
            modules |= set(_imported(tree))
    private = sorted(m for m in modules if _is_private(m))
    if private:
        yield f"It uses parts of Trasluz that are not for plugins and may change: {', '.join(private)}."
    missing = sorted({m.partition(".")[0] for m in modules if not _is_there(m.partition(".")[0], manifest.package)})
    if missing:
        yield f"It needs Python libraries that are not installed here: {', '.join(missing)}."


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from (
                f"{node.module}.{alias.name}" if node.module == "trasluz" else node.module for alias in node.names
            )


def _is_private(module: str) -> bool:
    inside = module == "trasluz" or module.startswith("trasluz.")
    return inside and not any(module == public or module.startswith(f"{public}.") for public in _PUBLIC)


def _is_there(module: str, package: str) -> bool:
    if module in (package, "trasluz", "__future__") or module in sys.stdlib_module_names or module in sys.modules:
        return True
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _names(folder: Path, paths: Sequence[Path], most: int = 5) -> str:
    shown = [p.relative_to(folder).as_posix() for p in paths[:most]]
    return ", ".join(shown) + (f" and {len(paths) - most} more" if len(paths) > most else "")
