"""Folders that mean classes, with or without folders that mean splits; for any kind of file."""

import os
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from trasluz.api import Problem, Record, Severity, Split
from trasluz.core.data.names import quoted, shown
from trasluz.core.data.splits import split_named
from trasluz.core.data.walk import Listing, files_below, ignored, listing, relative_name, unreadable_folder

Form = Literal["classes", "splits/classes", "classes/splits"]
Wanted = Callable[[str], bool]
"""Says by its name whether a file is an item."""
Other = Callable[[Path, str], Problem | None]
"""Looks at a file whose name does not say: None makes it an item, a problem leaves it out."""

_PROBED = 5_000
"""How many names a probe reads before it believes that a folder holds nothing of interest."""


@dataclass(frozen=True, slots=True)
class ClassFolders:
    """A recognised layout.

    Attributes:
        form: What the first and the second level of folders mean.
        base: Where the layout begins, relative to the root; a single outer folder is passed through.
        classes: Names of the class folders, as far as they were seen.
    """

    form: Form
    base: str
    classes: tuple[str, ...]


def label_of(folder: str) -> str:
    """The class that a folder's name means: composed Unicode, or one class would be two on a Mac's drive."""
    return unicodedata.normalize("NFC", shown(folder))


def find_class_folders(root: Path, wanted: Wanted) -> ClassFolders | None:
    """Recognise class folders in `root` by a look at names; None where there are none."""
    base = ""
    for _ in range(3):
        try:
            top = listing(root / base)
        except OSError:
            return None
        outer = _outer_folder(root, base, top, wanted)
        if outer is None:
            return _form(root, base, top, wanted)
        base = outer
    return None


@dataclass(frozen=True, slots=True)
class ClassFolderWalk:
    """A walk through the layout.

    Attributes:
        plan: What `find_class_folders` recognised.
        wanted: Which names are items.
        other: What to do with the other files in class folders.
        noun: What an item is called.
    """

    root: Path
    plan: ClassFolders
    wanted: Wanted
    other: Other
    noun: str

    def records(self) -> Iterator[Record | Problem]:
        """Yield a record for each item and a problem for whatever is left out."""
        base = self.plan.base
        try:
            top = listing(self.root / base)
        except OSError as error:
            yield unreadable_folder(base or self.root.name, error)
            return
        yield from self._outside(base, top.files)
        for name in top.folders:
            folder = relative_name(base, name)
            split = split_named(name)
            if self.plan.form != "splits/classes":
                yield from self._class(folder, label_of(name), None)
            elif split is not None:
                yield from self._split(folder, split)
            elif _holds(self.root / folder, self.wanted):
                yield Problem(
                    "outside",
                    f"The folder {quoted(folder)} is beside the split folders and belongs to none; it is left out.",
                    Severity.WARNING,
                    (shown(folder),),
                )

    def _split(self, folder: str, split: Split) -> Iterator[Record | Problem]:
        try:
            inside = listing(self.root / folder)
        except OSError as error:
            yield unreadable_folder(folder, error)
            return
        yield from self._outside(folder, inside.files)
        for name in inside.folders:
            yield from self._class(relative_name(folder, name), label_of(name), split)

    def _class(self, folder: str, label: str, split: Split | None) -> Iterator[Record | Problem]:
        found = 0
        for path in files_below(self.root, folder):
            if isinstance(path, Problem):
                found += 1  # the class is not empty, it could not be seen
                yield path
                continue
            problem = None if self.wanted(path) else self.other(self.root / path, path)
            if problem is not None:
                yield problem
                continue
            found += 1
            part = split
            if self.plan.form == "classes/splits":
                first, slash, _ = path[len(folder) + 1 :].partition("/")
                part = split_named(first) if slash else None
            yield Record(path=shown(path), target=label, split=part)
        if not found:
            yield Problem(
                "empty-class",
                f"The folder {quoted(folder)} has no {self.noun} in it; put some in or remove it.",
                Severity.WARNING,
                (shown(folder),),
            )

    def _outside(self, folder: str, files: list[str]) -> Iterator[Problem]:
        for name in files:
            if self.wanted(name):
                path = relative_name(folder, name)
                yield Problem(
                    "outside",
                    f"{quoted(path)} lies in no class folder; it is left out until you move it into one.",
                    Severity.WARNING,
                    (shown(path),),
                )


def _form(root: Path, base: str, top: Listing, wanted: Wanted) -> ClassFolders | None:
    holding = [name for name in top.folders if _holds(root / base / name, wanted)]
    split_folders = [n for n in holding if split_named(n) and _holds_folders(root / base / n, wanted)]
    if split_folders:
        names: set[str] = set()
        for name in split_folders:
            inside = listing(root / base / name)
            names.update(label_of(n) for n in inside.folders if _holds(root / base / name / n, wanted))
        return ClassFolders("splits/classes", base, tuple(sorted(names)))
    classes = tuple(sorted(label_of(n) for n in holding))
    # `train/` and `val/` with the files right inside: some other kind of data, or none that has classes.
    if not holding or all(split_named(n) for n in holding):
        return None
    if any(_has_split_folders(root / base / n, wanted) for n in holding):
        return ClassFolders("classes/splits", base, classes)
    return ClassFolders("classes", base, classes)


def _outer_folder(root: Path, base: str, top: Listing, wanted: Wanted) -> str | None:
    """The single folder that only wraps the layout, as unpacked archives have it."""
    folders = [n for n in top.folders if _holds(root / base / n, wanted)]
    if len(folders) != 1 or split_named(folders[0]) or any(map(wanted, top.files)):
        return None
    inner = relative_name(base, folders[0])
    try:
        inside = listing(root / inner)
    except OSError:
        return None
    if any(map(wanted, inside.files)):
        return None
    holding = [n for n in inside.folders if _holds(root / inner / n, wanted)]
    splits = [n for n in holding if split_named(n)]
    if splits and not any(_holds_folders(root / inner / n, wanted) for n in splits):
        return None  # a class with its splits in it
    deeper = len(holding) == 1 and not splits and _outer_folder(root, inner, inside, wanted) is not None
    return inner if len(holding) > 1 or splits or deeper else None


def _has_split_folders(folder: Path, wanted: Wanted) -> bool:
    try:
        inside = listing(folder)
    except OSError:
        return False
    return any(split_named(n) and _holds(folder / n, wanted) for n in inside.folders)


def _holds_folders(folder: Path, wanted: Wanted) -> bool:
    """Whether the folder holds folders with items; a file lying beside them by mistake does not matter."""
    try:
        inside = listing(folder)
    except OSError:
        return False
    return any(_holds(folder / n, wanted) for n in inside.folders)


def _holds(folder: Path, wanted: Wanted) -> bool:
    """Whether an item lies somewhere below; looks at names only, and not at endlessly many."""
    left = _PROBED
    waiting = [(folder, 0)]
    while waiting and left > 0:
        place, depth = waiting.pop(0)
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    left -= 1
                    if left <= 0:
                        break
                    if ignored(entry.name):
                        continue
                    if wanted(entry.name) and entry.is_file():
                        return True
                    if depth < 4 and entry.is_dir():
                        waiting.append((Path(entry.path), depth + 1))
        except OSError:
            continue
    return False
