"""Word vectors in the person's library, from which encoders and decoders begin."""

import filecmp
import re
import secrets
import shutil
from pathlib import Path

from trasluz.api import FamilyError, ModelCard, Suggestion
from trasluz.api.vectors import WordVectors

FILE = "vectors.bin"
_NAME = re.compile(r"[^\W_](?:[\w .\-]{0,58}[\w\-])?")


def folder_of(library: Path, name: str) -> Path:
    """Where the vectors of that name lie or would lie."""
    return library / "word-vectors" / name


def names(library: Path) -> list[str]:
    """The vectors that are there, by name."""
    return sorted(path.parent.name for path in (library / "word-vectors").glob(f"*/{FILE}"))


def suggestions(library: Path) -> list[Suggestion]:
    """The vectors that are there, for the form."""
    return [_suggestion(name) for name in names(library)]


def keep(model: Path, card: ModelCard, *, name: str, library: Path) -> Suggestion:
    """Copy a model's vectors into the library.

    Raises:
        FamilyError: If the name is none or taken, or the model has no vectors.
    """
    name = " ".join(name.split())
    if not _NAME.fullmatch(name) or name == "none":
        raise FamilyError(
            "The vectors cannot be kept so: a name has letters, digits, spaces, dots or hyphens, 60 at most."
        )
    source = model / card.files.get("vectors", FILE)
    if not source.is_file():
        raise FamilyError(f"“{model}” has no file of vectors any more; train the model again.")
    target = folder_of(library, name)
    if (target / FILE).is_file() and filecmp.cmp(source, target / FILE, shallow=False):
        return _suggestion(name)  # these very vectors are kept under this name already
    if target.exists():
        raise FamilyError(f"There are vectors “{name}” already; choose another name.")
    unfinished = target.with_name(f".{secrets.token_hex(4)}.unfinished")
    unfinished.mkdir(parents=True)
    try:
        shutil.copyfile(source, unfinished / FILE)
        unfinished.rename(target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return _suggestion(name)


def _suggestion(name: str) -> Suggestion:
    return Suggestion(name, name, "Word vectors that you kept from an earlier run.")


def opened(value: str, library: Path) -> WordVectors:
    """The vectors that a setting names: kept ones, a file, or the folder of a model or of its run.

    Raises:
        FamilyError: If there are none.
        DataError: If the file is damaged.
    """
    from trasluz.api.vector_files import load_vectors

    if value in names(library):
        return load_vectors(folder_of(library, value) / FILE)
    path = Path(value).expanduser()
    for file in (path, path / FILE, path / "model" / FILE):
        if file.is_file():
            return load_vectors(file)
    kept = ", ".join(f"“{name}”" for name in names(library)) or "none are kept"
    raise FamilyError(
        f"There are no word vectors at “{value}”: give a file of them, the folder of a model of word vectors, or the "
        f"name of kept ones ({kept})."
    )
