"""A project: one folder that a person can move, copy and back up. Their photos stay where they are."""

import json
import os
import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from trasluz.api import DataError

from .atomic import write_whole
from .corrections import CORRECTIONS_NAME
from .recent import RecentList

FORMAT: Final = 1
FILE_NAME: Final = "project.json"
_RECENT: Final = RecentList("recent.json", kept=30)


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
    def corrections_path(self) -> Path:
        """What the person corrected about the data."""
        return self.folder / CORRECTIONS_NAME

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
            # json writes ASCII: a path on Linux may hold bytes that no encoding takes.
            write_whole(self.folder / FILE_NAME, json.dumps(stored, indent=2))
        except OSError as error:
            raise _unwritable(self.folder, error) from error


def recent_projects() -> list[Project]:
    """The projects that were opened last, the latest first; those that are away at the moment are left out."""
    found = []
    for folder in _RECENT.paths():
        with suppress(ProjectError):
            found.append(Project.open(Path(folder)))
    return found


def remember(project: Project) -> None:
    """Put the project at the top of the recent ones; where that cannot be written it is no matter."""
    _RECENT.put_first(project.folder)


def forget(folder: Path) -> None:
    """Take a project out of the recent ones; the project itself stays."""
    _RECENT.leave_out(Path(folder).expanduser().absolute())


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
