"""Adding, changing and removing the person's plugins; nothing of theirs is imported here.

`examine` looks at a folder or a .zip without touching anything; what it gives is shown to the person, and
`install` copies exactly that. A copy is made beside its place and renamed, so that no half plugin is ever found.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from pydantic import BaseModel

from . import attempts, shelf
from .archive import MOST_BYTES, MOST_FILES, unpack
from .discovery import PluginInfo, discover
from .forecast import warnings_for
from .manifest import MANIFEST_NAME, Manifest, PluginError, read_manifest
from .state import Decision, deciding
from .trust import content_hash, files_of

_DEEPEST = 3


class ExaminedFile(BaseModel):
    """One file of an examined plugin: its name inside the plugin, and its size in bytes."""

    name: str
    bytes: int


@dataclass(slots=True)
class Examined:
    """A plugin that was looked at and not installed. Use it in a `with`, or `close` it: a .zip lies unpacked.

    Attributes:
        source: The folder or the .zip that the person gave.
        folder: Where its files lie now.
        manifest: What it says of itself.
        files: All its files.
        content_hash: The hash over them; what is installed has the same.
        replaces: The version that is installed now and would be replaced; None where it is new.
        warnings: What the person should know before they trust it, a sentence each.
    """

    source: Path
    folder: Path
    manifest: Manifest
    files: list[ExaminedFile]
    content_hash: str
    replaces: str | None
    warnings: list[str]
    _stack: ExitStack = field(default_factory=ExitStack, repr=False)

    @property
    def bytes(self) -> int:
        """The size of all its files."""
        return sum(file.bytes for file in self.files)

    def close(self) -> None:
        """Remove what was unpacked."""
        self._stack.close()

    def __enter__(self) -> "Examined":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def examine(path: Path) -> Examined:
    """Look at a plugin in a folder or a .zip, without installing or running any of it.

    Raises:
        PluginError: If it is not a plugin, or one that may not be installed.
    """
    path = Path(path)
    with ExitStack() as stack, _sentences(f"“{path.name}” cannot be read"):
        if path.is_dir():
            folder = path
        elif path.is_file():
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trasluz-plugin-")))
            unpack(path, folder)
        else:
            raise PluginError(f"There is no folder and no .zip at “{path}”.")
        folder = _root(folder, path.name)
        manifest = read_manifest(folder)
        installed = discover()
        _check(manifest, folder, installed)
        files = _limited(folder)
        replaced = next((p for p in installed if p.id == manifest.id), None)
        examined = Examined(
            source=path,
            folder=folder,
            manifest=manifest,
            files=[ExaminedFile(name=f.relative_to(folder).as_posix(), bytes=f.stat().st_size) for f in files],
            content_hash=content_hash(folder),
            replaces=replaced.version if replaced else None,
            warnings=warnings_for(manifest, folder, files, installed),
        )
        examined._stack = stack.pop_all()
        return examined
    raise AssertionError("the block above returns or raises")


def install(examined: Examined, *, trust: bool = True) -> PluginInfo:
    """Copy an examined plugin to the person's plugins, in place of an older one.

    Args:
        examined: What `examine` gave.
        trust: Whether the person trusts it; without, it is listed and does not run.

    Raises:
        PluginError: If it changed since it was examined, or cannot be copied.
    """
    plugin = examined.manifest.id
    with _sentences(f"“{examined.manifest.title}” could not be installed"), shelf.changing() as place:
        old = _installed(plugin)
        if old is not None and old.origin == "builtin":
            raise _comes_with_program(old)
        with shelf.placing(place, plugin, replacing=old.folder if old else None) as new:
            for file in examined.files:
                to = new / file.name
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(examined.folder / file.name, to)
            if content_hash(new) != examined.content_hash:
                raise PluginError(f"“{examined.source.name}” changed while it was looked at; look at it again.")
        with deciding() as decided:
            decided.plugins[plugin] = Decision(trusted=examined.content_hash if trust else "")
    attempts.forgive()
    return _found(plugin)


def remove(plugin: str) -> None:
    """Delete one of the person's plugins; models that it made stay, and can be opened once it is back.

    Raises:
        PluginError: If there is none of that id, or it came with the program.
    """
    with _sentences(f"“{plugin}” could not be removed"), shelf.changing() as place:
        info = _found(plugin)
        if info.origin == "builtin":
            raise _comes_with_program(info)
        shelf.drop(place, info.folder)
        with deciding() as decided:
            decided.plugins.pop(plugin, None)
    attempts.forgive()


def enable(plugin: str, *, trust: bool = False) -> PluginInfo:
    """Switch a plugin on, and try it again if it had been left out.

    Args:
        plugin: Its id.
        trust: Whether the person trusts it as it is now.

    Raises:
        PluginError: If there is none of that id.
    """
    info = _found(plugin)
    with _sentences(f"“{info.title}” could not be switched on"), deciding() as decided:
        before = decided.of(plugin)
        decided.plugins[plugin] = Decision(trusted=info.content_hash if trust else before.trusted)
    attempts.forgive()
    return _found(plugin)


def disable(plugin: str) -> PluginInfo:
    """Switch a plugin off; its files and the person's trust stay.

    Raises:
        PluginError: If there is none of that id.
    """
    info = _found(plugin)
    with _sentences(f"“{info.title}” could not be switched off"), deciding() as decided:
        decided.plugins[plugin] = decided.of(plugin).model_copy(update={"enabled": False})
    return _found(plugin)


def _root(folder: Path, name: str) -> Path:
    """Find the plugin in a folder that may wrap it in others, as packed downloads do."""
    here = folder
    for _ in range(_DEEPEST):
        if (here / MANIFEST_NAME).exists():
            return here
        inside = [f for f in here.iterdir() if f.is_dir() and not f.is_symlink() and not f.name.startswith((".", "__"))]
        plugins = sorted(f.name for f in inside if (f / MANIFEST_NAME).is_file())
        if len(plugins) > 1:
            raise PluginError(f"“{name}” holds several plugins ({', '.join(plugins)}); give one of them at a time.")
        if plugins:
            return here / plugins[0]
        if len(inside) != 1:
            break
        here = inside[0]
    raise PluginError(f"“{name}” is not a plugin: it has no {MANIFEST_NAME}.")


def _check(manifest: Manifest, folder: Path, installed: list[PluginInfo]) -> None:
    for other in installed:
        if other.id == manifest.id and other.origin == "builtin":
            raise _comes_with_program(other)
    if not (folder / manifest.package / "__init__.py").is_file():
        raise PluginError(
            f"“{manifest.title}” names the package “{manifest.package}”, but has no {manifest.package}/__init__.py."
        )


def _limited(folder: Path) -> list[Path]:
    files: list[Path] = []
    left = MOST_BYTES
    for file in files_of(folder):
        files.append(file)
        left -= file.stat().st_size
        if len(files) > MOST_FILES or left < 0:
            raise PluginError(
                f"“{folder.name}” holds more than {MOST_FILES:,} files or {MOST_BYTES >> 20:,} MB; that is no plugin."
            )
    return files


def _installed(plugin: str) -> PluginInfo | None:
    return next((info for info in discover() if info.id == plugin), None)


def _found(plugin: str) -> PluginInfo:
    info = _installed(plugin)
    if info is None:
        there = ", ".join(p.id for p in discover()) or "none"
        raise PluginError(f"There is no plugin “{plugin}”; there is {there}.")
    return info


def _comes_with_program(info: PluginInfo) -> PluginError:
    return PluginError(
        f"“{info.id}” is the plugin “{info.title}” that came with Trasluz; it can be switched off, "
        "but neither replaced nor removed."
    )


@contextmanager
def _sentences(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = f" (“{error.filename}”)" if error.filename else ""
        raise PluginError(f"{what}: {error.strerror or error}{where}.") from error
