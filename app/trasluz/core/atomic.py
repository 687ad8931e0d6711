"""Files that are whole or not there: written under another name, then renamed."""

import contextlib
import os
import secrets
import shutil
import time
from pathlib import Path

_TRIES = 20


def write_whole(path: Path, data: bytes | str) -> None:
    """Put `data` into `path` so that a reader, or a power cut, finds the old content or the new, never half.

    Raises:
        OSError: If it cannot be written; the old content is still there.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    content = data.encode() if isinstance(data, str) else data
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        rename(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def take_whole(source: Path, target: Path) -> None:
    """Give a file, which others replace but never change, a second place; without a word where there is none.

    Where the system can, both places share the bytes.
    """
    if os.name != "nt":
        with contextlib.suppress(OSError):
            os.link(source, target)
            return
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    with contextlib.suppress(FileNotFoundError):
        shutil.copyfile(source, temporary)
        rename(temporary, target)


def rename(source: Path, target: Path) -> None:
    """Give `source` the name `target`; a file that has that name is replaced.

    Windows refuses while a virus scanner or a reader holds the file open, so it is tried for a second.

    Raises:
        OSError: If it cannot be done.
    """
    for attempt in range(_TRIES):
        try:
            source.replace(target)
        except PermissionError:
            if os.name != "nt" or attempt == _TRIES - 1:
                raise
            time.sleep(0.05)
        else:
            return


def sync_folder(folder: Path) -> None:
    """Make names in `folder` survive a power cut, where the system can; without a word where it cannot."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_folder(folder: Path) -> None:
    """Delete a folder in such an order that nobody meets it half deleted: it loses its name first.

    Raises:
        OSError: If it cannot be deleted.
    """
    if not folder.exists():
        return
    doomed = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.gone")
    rename(folder, doomed)
    shutil.rmtree(doomed)


def sweep(folder: Path) -> None:
    """Delete what `write_whole` and `remove_folder` left in `folder` when their process was killed."""
    for path in folder.iterdir():
        if path.name.startswith(".") and path.suffix == ".tmp":
            path.unlink(missing_ok=True)
        elif path.name.startswith(".") and path.suffix == ".gone":
            shutil.rmtree(path, ignore_errors=True)
