"""Model folders: finding one, reading its card, opening its graphs."""

import hashlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from pydantic import ValidationError

from trasluz.api import DataError, ModelCard, ModelFamily
from trasluz.api.model import CARD_FORMAT, CARD_NAME

from .session import OnnxGraph

_BLOCK = 1 << 20


class ModelError(DataError):
    """A model that cannot be used, in one sentence."""


def find_model(path: Path) -> Path:
    """Return the folder with the card: the folder itself, or the one in a run folder, or the card's own.

    Raises:
        ModelError: If there is none.
    """
    path = Path(path).expanduser()
    for folder in (path, path / "model", path.parent if path.name == CARD_NAME else path):
        if (folder / CARD_NAME).is_file():
            return folder
    if not path.exists():
        raise ModelError(f"There is nothing at “{path}”; check the path of the model.")
    raise ModelError(
        f"“{path}” is not a model: it has no {CARD_NAME}. "
        "Give the folder of a run that is finished, or an exported folder."
    )


def read_card(folder: Path) -> ModelCard:
    """Read the card of a model folder.

    Raises:
        ModelError: If it cannot be read, is of a newer format, or names files that are not in the folder.
    """
    path = folder / CARD_NAME
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ModelError(f"The card “{path}” cannot be read: {error.strerror or error}.") from error
    return parse_card(raw, folder)


def parse_card(raw: bytes | str, folder: Path) -> ModelCard:
    """Make sense of a card's bytes; `folder` is where its files should be."""
    try:
        card = ModelCard.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ModelError(
            f"The card in “{folder}” is damaged ({where}: {first['msg']}); export the model again."
        ) from error
    if card.format > CARD_FORMAT:
        raise ModelError(
            f"The model in “{folder}” was made by a newer Trasluz (format {card.format}); this one reads format "
            f"{CARD_FORMAT}. Get the newer Trasluz."
        )
    for file in [*(g.file for g in card.graphs), *card.files.values()]:
        if not _stays_inside(file):
            raise ModelError(f"The card in “{folder}” names a file outside its folder (“{file}”); it is not opened.")
        if not (folder / file).is_file():
            raise ModelError(f"“{file}” is missing in “{folder}”; copy the whole folder of the model.")
    return card


class OpenModel:
    """`trasluz.api.LoadedModel`: a model folder with its graphs open on a device."""

    def __init__(
        self, folder: Path, family: ModelFamily, device: str = "auto", *, card: ModelCard | None = None
    ) -> None:
        """Open the graphs, check that they are the card's own, and warm them up.

        Raises:
            ModelError: If a file is missing or is not the one that the card was written for.
            FamilyError: If ONNX Runtime cannot open a graph on the device.
        """
        self._folder = folder
        self._card = card or read_card(folder)
        for graph in self._card.graphs:
            if graph.sha256 and sha256(folder / graph.file) != graph.sha256:
                raise ModelError(
                    f"“{graph.file}” in “{folder}” is not the file that the card describes; copy the whole "
                    "folder again."
                )
        self._graphs = {g.name: OnnxGraph(folder / g.file, device=device) for g in self._card.graphs}
        self.family = family
        self.predictor = family.predictor(self)
        for opened in self._graphs.values():
            opened.warm_up()

    @property
    def card(self) -> ModelCard:
        """The card."""
        return self._card

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self._folder

    def graph(self, name: str) -> OnnxGraph:
        """The open graph of that name; raises `KeyError`."""
        return self._graphs[name]

    @property
    def provider(self) -> str:
        """The execution provider that the graphs really use."""
        return next(iter(self._graphs.values())).provider

    @property
    def sentence(self) -> str:
        """Where it runs, and why not on the GPU where it does not."""
        reason = next((g.reason for g in self._graphs.values() if g.reason), "")
        on = "the GPU" if self.provider.startswith("CUDA") else "the CPU"
        return f"It runs on {on}" + (f": {reason}." if reason else ".")


def sha256(path: Path) -> str:
    """The SHA-256 of a file, read in blocks.

    Raises:
        ModelError: If it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise ModelError(f"“{path}” cannot be read: {error.strerror or error}.") from error
    return digest.hexdigest()


def _stays_inside(file: str) -> bool:
    """Whether a name in a card stays in its folder, on every system."""
    if not file or "\0" in file:
        return False
    posix, windows = PurePosixPath(file), PureWindowsPath(file)
    return not (posix.is_absolute() or windows.anchor or ".." in posix.parts or ".." in windows.parts)
