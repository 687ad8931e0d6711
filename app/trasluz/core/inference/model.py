"""Model folders: finding one, reading its card, opening its graphs."""

import contextlib
import hashlib
import json
import os
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from pydantic import ValidationError

from trasluz.api import FamilyError, ModelCard, ModelFamily
from trasluz.api.model import CARD_FORMAT, CARD_NAME
from trasluz.core.atomic import write_whole

from .session import OnnxGraph, open_graph

_BLOCK = 1 << 20
_LARGEST_CARD = 64 << 20


class ModelError(FamilyError):
    """A model folder that cannot be used, in one sentence."""


def find_model(path: Path | str) -> Path:
    """Return the folder that holds the card, whatever the person pointed at.

    Args:
        path: A model folder, an exported one, a run folder, or a card or a graph in a model folder.

    Raises:
        ModelError: If there is no model.
    """
    path = Path(path).expanduser()
    try:
        for folder in (path, path / "model", path.parent if path.is_file() else path):
            if (folder / CARD_NAME).is_file():
                return folder
        there = os.path.lexists(path)
    except (OSError, ValueError) as error:
        raise ModelError(f"“{path!s}” cannot be looked into: {_said(error)}.") from error
    if not there:
        raise ModelError(f"There is nothing at “{path}”; check the path of the model.")
    if (path / "run.json").is_file():
        raise ModelError(f"The run “{path}” has no model yet; let it finish, or resume it.")
    raise ModelError(
        f"“{path}” is not a model: it has no {CARD_NAME}. Give the folder of a finished run, or an exported folder."
    )


def read_card(folder: Path, *, verify: bool = False) -> ModelCard:
    """Read the card of a model folder and see that its files are there.

    Args:
        folder: As `find_model` gives it.
        verify: Also compare each graph with the hash in the card.

    Raises:
        ModelError: If the card cannot be read, is of a newer format, or does not fit the folder.
    """
    path = folder / CARD_NAME
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_CARD + 1)
    except (OSError, ValueError) as error:
        raise ModelError(f"The card “{path}” cannot be read: {_said(error)}.") from error
    card = parse_card(raw, where=str(folder))
    for name in _files(card):
        _check_inside(folder, name)
    if verify:
        for graph in card.graphs:
            if graph.sha256 and sha256(folder / graph.file) != graph.sha256:
                raise ModelError(
                    f"“{graph.file}” in “{folder}” is not the file that its card describes; it was changed or cut "
                    "off. Copy or export the whole folder again."
                )
    return card.model_copy(update={"private": _private(folder, card)})


def parse_card(raw: bytes, *, where: str) -> ModelCard:
    """Turn a card's bytes into a card; its files are not looked at.

    Args:
        raw: The content of `card.json`.
        where: The folder, for the sentences.

    Raises:
        ModelError: If it is not a card of a format that is known here.
    """
    damaged = f"The card in “{where}” is damaged"
    again = "copy or export the model again."
    if len(raw) > _LARGEST_CARD:
        raise ModelError(f"{damaged}: it is larger than any card; {again}")
    try:
        told: Any = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{damaged}: it is not JSON ({_said(error)}); {again}") from error
    if not isinstance(told, dict):
        raise ModelError(f"{damaged}: it is not a card; {again}")
    version = told.get("format")
    if isinstance(version, int) and not isinstance(version, bool) and version > CARD_FORMAT:
        raise ModelError(
            f"The model in “{where}” was made by a newer Trasluz (card format {version}, and this one reads up to "
            f"{CARD_FORMAT}); update Trasluz."
        )
    try:
        card = ModelCard.model_validate(told)
    except (ValidationError, RecursionError, OverflowError) as error:
        raise ModelError(f"{damaged} ({_first(error)}); {again}") from error
    if card.format != CARD_FORMAT:
        raise ModelError(f"{damaged}: there is no card format {card.format}; {again}")
    if not card.graphs:
        raise ModelError(f"{damaged}: it names no graph; {again}")
    names = [graph.name for graph in card.graphs]
    if len(set(names)) != len(names):
        raise ModelError(f"{damaged}: two graphs have the same name; {again}")
    return card


def write_card(folder: Path, card: ModelCard) -> None:
    """Write the card, whole or not at all, after seeing that it can be read again.

    Raises:
        FamilyError: If something in it is not plain data, such as a score that is no number.
        OSError: If it cannot be written.
    """
    try:
        content = json.dumps(card.model_dump(mode="json"), ensure_ascii=False, indent=2, allow_nan=False).encode()
        parse_card(content, where=str(folder))
    except (ValueError, TypeError, ModelError) as error:
        raise FamilyError(
            f"The card of “{card.title}” cannot be written, because something in it is not plain data ({error}). "
            "Report this to the author of the plugin."
        ) from error
    write_whole(folder / CARD_NAME, content)


def sha256(path: Path) -> str:
    """The SHA-256 of a file, read in pieces.

    Raises:
        ModelError: If it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise ModelError(f"“{path}” cannot be read: {_said(error)}.") from error
    return digest.hexdigest()


class OpenModel:
    """A model folder with its graphs open on a device: `trasluz.api.LoadedModel`.

    Attributes:
        family: The model's family.
        predictor: The family's predictor of this model.
    """

    def __init__(
        self,
        folder: Path,
        family: ModelFamily,
        device: str = "auto",
        *,
        card: ModelCard | None = None,
        warm: bool = True,
    ) -> None:
        """Open it.

        Args:
            folder: As `find_model` gives it.
            family: What made the model.
            device: `auto`, `cpu`, `cuda` or `cuda:N`.
            card: A card that is not on disk yet; otherwise the folder's own is read and checked.
            warm: Run each graph once, so that the first answer comes as fast as the others.

        Raises:
            FamilyError: If the folder is damaged, a graph cannot be opened, or the family cannot use the model.
        """
        self._folder = folder
        self._card = read_card(folder, verify=True) if card is None else card
        self.family = family = family.for_kind(self._card.kind)
        if self._card.family != family.id:
            raise ModelError(f"The model in “{folder}” is of the family “{self._card.family}”, not “{family.id}”.")
        self._graphs = {g.name: OnnxGraph(folder / g.file, device) for g in self._card.graphs}
        self._shared = dict[tuple[str, int], OnnxGraph]()
        if warm:
            for graph in self._graphs.values():
                graph.warm_up()
        self.predictor = family.predictor(self)

    @property
    def card(self) -> ModelCard:
        """The card."""
        return self._card

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self._folder

    def graph(self, name: str, *, at_once: int = 1) -> OnnxGraph:
        """The open graph of that name, for runs from `at_once` threads at a time; raises `KeyError`."""
        graph = self._graphs[name]
        if at_once <= 1 or graph.device != "cpu":
            return graph
        shared = self._shared.get((name, at_once))
        if shared is None:
            shared = self._shared[name, at_once] = open_graph(graph.path, "cpu", at_once=at_once)
        return shared

    @property
    def provider(self) -> str:
        """The execution provider that the graphs really use; the slowest one where they differ."""
        return min((g.provider for g in self._graphs.values()), key=lambda p: p != "CPUExecutionProvider")

    @property
    def device(self) -> str:
        """Where it runs: `cpu` or `cuda:N`."""
        return min((g.device for g in self._graphs.values()), key=lambda d: d != "cpu")

    @property
    def sentence(self) -> str:
        """Where it runs, and why not on the GPU where that was wished for."""
        reason = next((g.reason for g in self._graphs.values() if g.reason), "")
        where = "the processor" if self.device == "cpu" else f"the GPU ({self.device})"
        return f"It runs on {where}" + (f": {reason}." if reason else ".")


def _files(card: ModelCard) -> list[str]:
    return [*(graph.file for graph in card.graphs), *card.files.values()]


def _private(folder: Path, card: ModelCard) -> dict[str, str]:
    """Those of the card's private files that are there: a model that was copied or exported runs without them."""
    found = {}
    for name, file in card.private.items():
        with contextlib.suppress(ModelError):
            _check_inside(folder, file)
            found[name] = file
    return found


def _check_inside(folder: Path, name: str) -> None:
    """See that a file of the card is in the folder: no name leads out of it, and no link does."""
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    anchored = posix.is_absolute() or windows.anchor or ".." in {*posix.parts, *windows.parts}
    if not name.strip() or anchored or "\0" in name or "\\" in name:
        raise ModelError(f"The card in “{folder}” names a file outside its folder ({name!r}); it is not opened.")
    try:
        place = (folder / name).resolve()
        if not place.is_file():
            raise ModelError(f"“{name}” is missing in “{folder}”; copy the whole folder of the model again.")
        if not place.is_relative_to(folder.resolve()):
            raise ModelError(f"“{name}” in “{folder}” is a link that leads outside the folder; it is not opened.")
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"“{name}” in “{folder}” cannot be read: {_said(error)}.") from error


def _first(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return _said(error)
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _said(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__).rstrip(".")
