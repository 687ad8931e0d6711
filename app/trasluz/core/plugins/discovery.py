"""Which plugins there are, read from their manifests; nothing of theirs is imported here."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from trasluz.core import places

from . import shelf
from .manifest import PluginError, read_manifest
from .state import Decisions, decisions
from .trust import content_hash

Origin = Literal["builtin", "user"]
State = Literal["ready", "untrusted", "disabled", "broken"]


class PluginInfo(BaseModel):
    """What is known of one plugin; the same words for the window, the command line and the wire.

    Attributes:
        id: Its id, or its folder's name where the manifest does not give one that is free.
        origin: Whether it came with the program or the person added it.
        state: Only a `ready` one is loaded. `untrusted` awaits the person's trust, also after its files changed.
        error: What is wrong with it, as a sentence; empty where nothing is.
        traceback: Python's own words about the error, where it came from the plugin's code.
        content_hash: The hash over its files; empty for what came with the program.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    title: str
    version: str = ""
    origin: Origin
    folder: Path
    state: State
    error: str = ""
    traceback: str = ""
    sentence: str = ""
    author: str = ""
    licence: str = ""
    homepage: str = ""
    api: str = ""
    package: str = ""
    kinds: list[str] = []
    families: list[str] = []
    content_hash: str = ""

    def broken(self, sentence: str, traceback: str = "") -> "PluginInfo":
        """The same plugin, found broken."""
        return self.model_copy(update={"state": "broken", "error": sentence, "traceback": traceback})


def discover() -> list[PluginInfo]:
    """List all plugins: those that came with the program first, then the person's, each by folder name.

    The files of the person's plugins are hashed on the way, so call this off the window's thread.
    """
    with suppress(OSError):
        shelf.recover(places.user_plugins())
    found: dict[str, PluginInfo] = {}
    decided = decisions()
    sides: tuple[tuple[Origin, Callable[[], Path]], ...] = (
        ("builtin", places.builtin_plugins),
        ("user", places.user_plugins),
    )
    for origin, place in sides:
        for folder in _folders(place):
            info = _look_at(folder, origin, found, decided)
            found[info.id] = info
    return list(found.values())


def _folders(place: Callable[[], Path]) -> list[Path]:
    try:
        # Names with a dot are half-done installations, names with an underscore are Python's caches.
        return sorted(f for f in place().iterdir() if f.is_dir() and not f.name.startswith((".", "_")))
    except OSError:
        # Without the person's folder (a disk that went away) there are still the program's own.
        return []


def _look_at(folder: Path, origin: Origin, taken: dict[str, PluginInfo], decided: Decisions) -> PluginInfo:
    try:
        manifest = read_manifest(folder)
    except PluginError as error:
        return _nameless(folder, origin, taken, str(error))
    if other := taken.get(manifest.id):
        return _nameless(
            folder,
            origin,
            taken,
            f"Its id “{manifest.id}” is taken by “{other.title}” in “{other.folder}”. Remove one.",
        )
    info = PluginInfo(folder=folder, origin=origin, state="ready", **manifest.model_dump())
    if not (folder / manifest.package / "__init__.py").is_file():
        return info.broken(f"“{info.title}” names the package “{info.package}”, but has no {info.package}/__init__.py.")
    decision = decided.of(info.id)
    if origin == "user":
        try:
            info = info.model_copy(update={"content_hash": content_hash(folder)})
        except PluginError as error:
            return info.broken(str(error))
        if decision.trusted != info.content_hash:
            changed = "Its files have changed since it was trusted." if decision.trusted else ""
            return info.model_copy(update={"state": "untrusted", "error": changed})
    return info if decision.enabled else info.model_copy(update={"state": "disabled"})


def _nameless(folder: Path, origin: Origin, taken: dict[str, PluginInfo], error: str) -> PluginInfo:
    free = next(n for n in _names(folder.name) if n not in taken)
    return PluginInfo(id=free, title=folder.name, origin=origin, folder=folder, state="broken", error=error)


def _names(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}~{number}" for number in count(2))
