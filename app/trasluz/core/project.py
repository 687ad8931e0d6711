"""A project: one folder that a person can move, copy and back up. Their photos stay where they are."""

import json
import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from filelock import FileLock, Timeout

from trasluz.api import DataError

from . import places

FORMAT: Final = 1
FILE_NAME: Final = "project.json"
_REMEMBERED: Final = 30


class ProjectError(DataError, ValueError):
    """A project that cannot be opened or written, in one sentence."""


@dataclass(frozen=True, slots=True)
class _State:
    id: str
    name: str
    created: str
    data: Path


class Project:
    """A folder with `project.json`, the index of the data, the runs and a cache."""

    def __init__(self, folder: Path, state: _State) -> None:
        self.folder = folder
        self._state = state

    @classmethod
    def create(cls, folder: Path, *, name: str, data: Path) -> Self:
        """Make a project for the data; the folder may be there already, but not with a project in it.

        Raises:
            ProjectError: If there is one already, or the folder cannot be written to.
        """
        folder = Path(folder).expanduser().absolute()
        if cls.is_one(folder):
            raise ProjectError(f"There is a project in “{folder}” already; open it, or choose another folder.")
        project = cls(
            folder,
            _State(
                id=uuid.uuid4().hex,
                name=_name(name),
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                data=Path(data).expanduser().absolute(),
            ),
        )
        try:
            project.runs_folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(folder, error) from error
        project._save()
        return project

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the project in a folder, wherever that was moved to.

        Raises:
            ProjectError: If there is none, or its file is damaged.
        """
        folder = Path(folder).expanduser().absolute()
        if folder.name == FILE_NAME:
            folder = folder.parent
        try:
            stored = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
            if not isinstance(stored, dict) or int(stored["format"]) < 1:
                raise ValueError(FILE_NAME)
            newer = int(stored["format"]) > FORMAT
            state = _State(
                id=str(stored["id"]),
                name=_name(str(stored["name"])),
                created=str(stored.get("created", "")),
                data=_found_data(folder, str(stored["data"]), stored.get("data_relative")),
            )
        except FileNotFoundError as error:
            raise ProjectError(f"There is no project in “{folder}”; was it moved or renamed?") from error
        except OSError as error:
            raise ProjectError(f"The project in “{folder}” cannot be read ({error.strerror or error}).") from error
        except (ValueError, KeyError, TypeError) as error:
            raise ProjectError(
                f"“{folder / FILE_NAME}” is damaged; put back a copy of it, or make a new project for the same photos."
            ) from error
        if newer:
            raise ProjectError(f"The project in “{folder}” was made by a newer Trasluz; update this one to open it.")
        return cls(folder, state)

    @staticmethod
    def is_one(folder: Path) -> bool:
        """Whether there is a project in the folder."""
        return (Path(folder).expanduser() / FILE_NAME).is_file()

    @property
    def id(self) -> str:
        """The project's own word; a copy has the same."""
        return self._state.id

    @property
    def name(self) -> str:
        """What the person calls it."""
        return self._state.name

    @property
    def data(self) -> Path:
        """The folder or file of the data; it may be away."""
        return self._state.data

    @property
    def index_path(self) -> Path:
        """The index of the data."""
        return self.folder / "index.sqlite"

    @property
    def runs_folder(self) -> Path:
        """The folder that holds a folder for each run."""
        return self.folder / "runs"

    @property
    def cache_folder(self) -> Path:
        """For what can be made again at any time."""
        return self.folder / "cache"

    def rename(self, name: str) -> None:
        """Call it something else; the folder keeps its name.

        Raises:
            ProjectError: If it cannot be written.
        """
        self._change(replace(self._state, name=_name(name)))

    def set_data(self, data: Path) -> None:
        """Point it at other data, or at the same data in its new place.

        Raises:
            ProjectError: If it cannot be written.
        """
        self._change(replace(self._state, data=Path(data).expanduser().absolute()))

    def _change(self, state: _State) -> None:
        before, self._state = self._state, state
        try:
            self._save()
        except ProjectError:
            self._state = before
            raise

    def _save(self) -> None:
        state = self._state
        stored: dict[str, Any] = {
            "format": FORMAT,
            "id": state.id,
            "name": state.name,
            "created": state.created,
            "data": str(state.data),
        }
        with suppress(ValueError):  # another drive on Windows: there is no way from here to there
            stored["data_relative"] = Path(os.path.relpath(state.data, self.folder)).as_posix()
        try:
            _write_json(self.folder / FILE_NAME, stored)
        except OSError as error:
            raise _unwritable(self.folder, error) from error


def recent_projects() -> list[Project]:
    """The projects that were opened last, the latest first; those that are away at the moment are left out."""
    found = []
    for folder in _read_recent():
        with suppress(ProjectError):
            found.append(Project.open(Path(folder)))
    return found


def remember(project: Project) -> None:
    """Put the project at the top of the recent ones; where that cannot be written it is no matter."""
    here = str(project.folder)
    _change_recent(lambda recent: [here, *(f for f in recent if f != here)][:_REMEMBERED])


def forget(folder: Path) -> None:
    """Take a project out of the recent ones; the project itself stays."""
    here = str(Path(folder).expanduser().absolute())
    _change_recent(lambda recent: [f for f in recent if f != here])


def _change_recent(change: Callable[[list[str]], list[str]]) -> None:
    with suppress(OSError, Timeout):
        at = _recent_file()
        with FileLock(at.with_suffix(".lock"), timeout=5):
            _write_json(at, {"projects": change(_read_recent())})


def _recent_file() -> Path:
    return places.user_folder() / "recent.json"


def _read_recent() -> list[str]:
    try:
        stored = json.loads(_recent_file().read_text(encoding="utf-8"))
        return [f for f in stored["projects"] if isinstance(f, str)]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _found_data(folder: Path, absolute: str, relative: Any) -> Path:
    """Where the data is now: with the project if it lies in it, else where it was, else beside the moved project."""
    if not isinstance(relative, str):
        return Path(absolute)
    beside = Path(os.path.normpath(folder / relative))
    inside = not relative.startswith("..")
    if beside.exists() and (inside or not Path(absolute).exists()):
        return beside
    return Path(absolute)


def _name(text: str) -> str:
    return " ".join(text.split())[:120] or "Project"


def _unwritable(folder: Path, error: OSError) -> ProjectError:
    return ProjectError(
        f"The project cannot be written to “{folder}” ({error.strerror or error}); "
        "choose a folder that you may write to, on a disk with room."
    )


def _write_json(at: Path, value: Any) -> None:
    """Write under another name, then rename: whoever reads finds the old file or the new one, whole."""
    part = at.with_name(f".{at.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        # ASCII, because a path on Linux may hold bytes that no encoding takes.
        with part.open("w", encoding="ascii") as file:
            json.dump(value, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        part.replace(at)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
