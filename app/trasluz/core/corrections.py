"""What a person corrected: another class for a photo, or that it is left out. Their files are never altered.

The corrections of a project lie in its `corrections.json`. They name each item by its path and its content: a file
that was replaced is no longer the one that was corrected, and one that was moved still is. They count when the list
of the data is made (`core.data.corrected`), so the splits, the caches and the person's folders stay as they are.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trasluz.api import DataError

from .atomic import write_whole

CORRECTIONS_NAME = "corrections.json"
_FORMAT = 1


class Correction(BaseModel):
    """One item that counts as something else.

    Attributes:
        path: As the index has it.
        part: Of the file, where it holds several items.
        content: The hash of its content as the index has it, in hex; empty where it is not known.
        was: What the data says it is.
        now: What it counts as; None where it is left out.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: str
    part: str = ""
    content: str = ""
    was: str
    now: str | None
    made: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @property
    def words(self) -> str:
        """The change in words: `dress → skirt`, `dress, left out`."""
        return f"{self.was} → {self.now}" if self.now is not None else f"{self.was}, left out"


class Corrections(BaseModel):
    """All corrections of a project, in the order in which they were made; a changed set is a new one."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: int = _FORMAT
    made: tuple[Correction, ...] = ()

    def __len__(self) -> int:
        return len(self.made)

    def __iter__(self) -> Iterator[Correction]:  # type: ignore[override]
        return iter(self.made)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read them; none where there is no file.

        Raises:
            DataError: If the file is there and cannot be read.
        """
        try:
            found = cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return cls()
        except (OSError, ValidationError) as error:
            raise DataError(
                f"The corrections in “{path}” cannot be read; put back a copy of the file, or delete it to go on with "
                "the labels as the data has them."
            ) from error
        if found.format > _FORMAT:
            raise DataError(f"The corrections in “{path}” were made by a newer Trasluz; update this one to use them.")
        return found

    def write(self, path: Path) -> None:
        """Write them, whole or not at all.

        Raises:
            DataError: If they cannot be written.
        """
        try:
            write_whole(path, self.model_dump_json(indent=1) + "\n")
        except OSError as error:
            raise DataError(
                f"The correction cannot be kept in “{path}” ({error.strerror or error}); make room on the disk, or "
                "move the project to where you may write."
            ) from error

    def of(self, path: str, part: str = "") -> Correction | None:
        """What was corrected about an item."""
        return next((c for c in self.made if (c.path, c.part) == (path, part)), None)

    def adding(self, correction: Correction) -> Self:
        """With this one, which takes the place of an earlier one of its item; none that says what the data says."""
        others = self.without(correction.path, correction.part)
        if correction.now == correction.was:
            return others
        return others.model_copy(update={"made": (*others.made, correction)})

    def without(self, path: str, part: str = "") -> Self:
        """With the item as the data has it."""
        kept = tuple(c for c in self.made if (c.path, c.part) != (path, part))
        return self.model_copy(update={"made": kept})

    @property
    def digest(self) -> str:
        """A word for what they say, whenever and in whatever order it was said; empty where there are none."""
        if not self.made:
            return ""
        told = sorted(repr((c.path, c.part, c.content, c.now)) for c in self.made)
        return hashlib.blake2b("\n".join(told).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Relabelled:
    """The targets of an earlier judgement as they count now.

    A judgement names what counted when it was made, by the corrections of its own run. Since then corrections may
    have been added or taken back.
    """

    def __init__(self, now: Corrections, then: Corrections) -> None:
        self._now = {(c.path, c.part): c for c in now}
        self._then = {(c.path, c.part): c for c in then}

    def target(self, path: str, part: str, judged: str) -> str | None:
        """What an item counts as now, which was judged as `judged`; None where it is left out."""
        key = path, part
        if key in self._now:
            return self._now[key].now
        before = self._then.get(key)
        return before.was if before is not None else judged
