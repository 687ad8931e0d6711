"""What went wrong, as a sentence for the person and an exit status for scripts."""

import errno
import shutil
import traceback
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from trasluz.api import DataError, FamilyError, TrainConfig
from trasluz.core.statuses import BAD_DATA, FAILED

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_CLOSED = {errno.EROFS, errno.EACCES, errno.EPERM}
_GONE = {errno.EIO, errno.ENODEV, getattr(errno, "ESTALE", errno.EIO), getattr(errno, "ENOTCONN", errno.EIO)}
_FULL_WORDS = ("no space left on device", "disk is full", "not enough space on the disk", "disk quota exceeded")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a run ended.

    Attributes:
        status: The exit status of the command.
        details: The traceback, where the fault is not the person's or the data's.
    """

    sentence: str
    status: int = FAILED
    details: str = ""

    @property
    def data_at_fault(self) -> bool:
        """Whether the data has to change before it can work."""
        return self.status == BAD_DATA


def trouble_of(error: BaseException, *, title: str, places: Iterable[Path] = ()) -> Trouble:
    """Say what an exception means for the person.

    Args:
        error: Whatever ended the run.
        title: The model family in words.
        places: Where the run writes; the fullest one is named where a disk is full.
    """
    if disk_full(error):
        return Trouble(
            f"The disk is full{_fullest(places)}: make room and go on with the run; "
            "nothing that was trained before is lost.",
            details=_details(error),
        )
    if isinstance(error, DataError):
        return Trouble(str(error), BAD_DATA)
    if isinstance(error, FamilyError):
        return Trouble(str(error), details=_details(error) if error.__cause__ else "")
    if out_of_memory(error):
        return Trouble(
            "There is not enough memory: choose a smaller batch or close other programs, and go on with the run.",
            details=_details(error),
        )
    if isinstance(error, OSError):
        where = f"“{error.filename}”" if error.filename else "a file"
        if error.errno in _CLOSED:
            return Trouble(f"{where} may not be written or read; check its permissions.", details=_details(error))
        if error.errno in _GONE:
            return Trouble(
                f"{where} went away; connect its drive again and go on with the run.", details=_details(error)
            )
        return Trouble(f"{error.strerror or error} ({where}).", details=_details(error))
    said = " ".join(str(error).split())[:300]
    return Trouble(
        f"“{title}” failed while it was training ({type(error).__name__}{': ' + said if said else ''}).",
        details=_details(error),
    )


def disk_full(error: BaseException) -> bool:
    """Whether `error`, or what caused it, is a full disk; libraries wrap it in errors of their own."""
    for each in _chain(error):
        if isinstance(each, OSError) and (each.errno in _FULL or getattr(each, "winerror", None) == 112):
            return True
        if any(words in str(each).lower() for words in _FULL_WORDS):
            return True
    return False


def _fullest(places: Iterable[Path]) -> str:
    free: dict[Path, int] = {}
    for place in places:
        with suppress(OSError):
            free[place] = shutil.disk_usage(place).free
    return f" (“{min(free, key=lambda place: free[place])}”)" if free else ""


def out_of_memory(error: BaseException) -> bool:
    """Whether `error`, or what caused it, is that there is no memory left."""
    return any(isinstance(e, MemoryError) or type(e).__name__ == "OutOfMemoryError" for e in _chain(error))


def check_settings(config: type[TrainConfig], settings: dict[str, object], *, title: str) -> TrainConfig:
    """Make the family's settings from what was asked.

    Raises:
        FamilyError: If they do not fit; the sentence names the setting, what is wrong with it, and its bounds.
    """
    try:
        return config.model_validate(settings)
    except ValidationError as error:
        raise FamilyError(_setting_sentence(config, error, title)) from None


def _setting_sentence(config: type[TrainConfig], error: ValidationError, title: str) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        known = ", ".join(sorted(config.model_fields))
        return f"“{title}” has no setting “{name}”; it has {known}."
    if not name:
        return f"The settings do not fit together: {_plain(first['msg'])}."
    field = config.model_fields.get(name)
    words = f"“{field.title}” ({name})" if field is not None and field.title else f"“{name}”"
    return f"The setting {words} cannot be {first['input']!r}: {_plain(first['msg'])}."


def _plain(message: str) -> str:
    words = message.removeprefix("Value error, ").rstrip(".")
    return words[:1].lower() + words[1:]


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__


def _details(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-20_000:]
