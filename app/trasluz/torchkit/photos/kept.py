"""Networks that a person kept: what one run learned, as the start of later ones.

On disk such a backbone is two files, in a model's folder as in the person's library: `backbone.json`, which says what
the network is and what it learned from, and `backbone.safetensors` with its weights. All families that learn from
photos keep theirs side by side; `kind` in the facts says which network it is, and so which family can begin with it.
"""

import hashlib
import json
import shutil
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from trasluz.api import FamilyError, ModelCard, ModelFamily, Suggestion

if TYPE_CHECKING:
    from torch import Tensor

FACTS_FILE, WEIGHTS_FILE = "backbone.json", "backbone.safetensors"
PRIVATE = {"backbone-facts": FACTS_FILE, "backbone": WEIGHTS_FILE}
"""The files in a model's folder, by the names that its card gives them."""
FORMAT = 1
NAME_AT_MOST = 60
_NOT_IN_NAMES = frozenset('<>:"/\\|?*')
_TAKEN = frozenset({"efficientnet-lite0", "con", "prn", "aux", "nul"})


class KeepsBackbones(ModelFamily):
    """A family whose models leave a backbone that later runs can begin with, by its settings `backbone`, `keep_as`.

    Attributes:
        kept_kinds: The kinds of network that it can begin with.
    """

    kept_kinds: ClassVar[Collection[str]]

    def suggestions(self, library: Path) -> Mapping[str, Sequence[Suggestion]]:
        """The backbones that the person kept."""
        return {"backbone": suggestions(library, self.kept_kinds)}

    def finished(self, model: Path, card: ModelCard, library: Path) -> str:
        """Keep the backbone where the settings ask for it."""
        name = str(card.settings.get("keep_as") or "")
        if not name:
            return ""
        if not self.keepable(card):
            return f"No backbone was kept as “{name}”: only the classifier learned."
        try:
            return f"The backbone is kept as “{keep(model, card, name=name, library=library, replace=True).value}”."
        except FamilyError as error:
            return str(error)

    def keepable(self, card: ModelCard) -> str:
        """The backbone, where something of it learned."""
        return "backbone" if set(PRIVATE) <= set(card.private) else ""

    def keep(self, model: Path, card: ModelCard, *, name: str, library: Path) -> Suggestion:
        """Keep the backbone under a name."""
        return keep(model, card, name=name, library=library)


def check_name(name: str) -> str:
    """Return a name as it is kept, without spaces around it.

    Raises:
        ValueError: If it cannot be the name of a folder on every computer.
    """
    name = unicodedata.normalize("NFC", name).strip(" ")
    bad = [each for each in name if each in _NOT_IN_NAMES or not each.isprintable()]
    if not name or len(name) > NAME_AT_MOST:
        raise ValueError(f"a name has between 1 and {NAME_AT_MOST} characters")
    if bad or name[0] == "." or name[-1] == ".":
        raise ValueError(f"“{name}” cannot be the name of a folder: leave out {bad[0] if bad else 'the dot'}")
    if name.lower() in _TAKEN:
        raise ValueError(f"“{name}” is the name of something else")
    return name


def folder_of(library: Path, name: str) -> Path:
    """Where the backbone of that name lies or would lie."""
    return library / "backbones" / name


def names(library: Path, kinds: Collection[str] | None = None) -> list[str]:
    """The backbones that are there, of some kinds or of all, by name."""
    found = sorted(path.parent.name for path in (library / "backbones").glob(f"*/{FACTS_FILE}"))
    return found if kinds is None else [each.value for each in suggestions(library, kinds)]


def suggestions(library: Path, kinds: Collection[str]) -> list[Suggestion]:
    """The backbones of some kinds that are there, for the form; a damaged one is left out."""
    found = []
    for name in names(library):
        try:
            facts = facts_of(folder_of(library, name))
        except FamilyError:
            continue
        if facts.get("kind") in kinds:
            found.append(Suggestion(name, name, _sentence(facts)))
    return found


def write(folder: Path, state: "Mapping[str, Tensor]", facts: Mapping[str, Any]) -> dict[str, str]:
    """Write a backbone's two files into a model's folder; returns them as `Trained.private`.

    Args:
        folder: The model's.
        state: Its weights.
        facts: `kind`, `title`, `licence`, and what else makes the network.
    """
    from safetensors.torch import save_file

    save_file(
        {name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.items()}, folder / WEIGHTS_FILE
    )
    _write_json(folder / FACTS_FILE, {"format": FORMAT, **facts, "sha256": _sha256(folder / WEIGHTS_FILE)})
    return dict(PRIVATE)


def keep(model: Path, card: ModelCard, *, name: str, library: Path, replace: bool = False) -> Suggestion:
    """Keep the backbone of a finished model under a name.

    Args:
        model: The model's folder.
        card: Its card.
        name: The name.
        library: The person's library.
        replace: Whether a backbone that the same run kept before is replaced, and another's name is evaded, instead
            of being told that the name is taken.

    Raises:
        FamilyError: If the model has no backbone of its own, or the name is taken or none.
    """
    try:
        name = check_name(name)
    except ValueError as error:
        raise FamilyError(f"The backbone cannot be kept so: {error}.") from None
    if not (model / FACTS_FILE).is_file() or not (model / WEIGHTS_FILE).is_file():
        raise FamilyError(
            "This model has no backbone of its own to keep: only its classifier learned, or it was exported. Let more "
            "of it learn, and keep the backbone of that run."
        )
    number, wanted = 1, name
    while (target := folder_of(library, name)).exists():
        if replace and _model_of(target) == card.id:
            break
        if not replace:
            raise FamilyError(f"There is a backbone “{name}” already; choose another name.")
        number += 1
        name = f"{wanted} {number}"
    facts = facts_of(model) | {
        "name": name,
        "model": card.id,
        "kept": card.created.isoformat(),
        "labels": list(card.labels),
        "data": card.data.model_dump(mode="json"),
        "metrics": dict(card.metrics),
        "judged_on": card.data.judged_on,
    }
    unfinished = target.with_name(f".{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    shutil.copyfile(model / WEIGHTS_FILE, unfinished / WEIGHTS_FILE)
    _write_json(unfinished / FACTS_FILE, facts)
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)
    return Suggestion(name, name, _sentence(facts))


def weights_of(folder: Path) -> "dict[str, Tensor]":
    """The weights of a kept backbone.

    Raises:
        FamilyError: If they are gone, or were changed since.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    file = folder / WEIGHTS_FILE
    try:
        if _sha256(file) != facts_of(folder).get("sha256"):
            raise FamilyError(f"“{file}” was changed or damaged since it was kept; keep the backbone again.")
        return load_file(file)
    except FileNotFoundError as error:
        raise FamilyError(f"The weights “{file}” are gone; keep the backbone again.") from error
    except SafetensorError as error:
        raise other_weights(folder) from error


def other_weights(folder: Path) -> FamilyError:
    """What to say where the weights are not those of the network that the facts describe."""
    return FamilyError(
        f"“{folder / WEIGHTS_FILE}” does not hold the weights of the network that “{FACTS_FILE}” describes; keep it "
        "again."
    )


def facts_of(folder: Path) -> dict[str, Any]:
    """What is said of a kept backbone.

    Raises:
        FamilyError: If it cannot be read.
    """
    file = folder / FACTS_FILE
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FamilyError(f"“{file}” cannot be read; keep the backbone again.") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise FamilyError(f"“{file}” was written by another version of Trasluz; keep the backbone again.")
    return facts


def _model_of(folder: Path) -> str:
    try:
        return str(facts_of(folder).get("model", ""))
    except FamilyError:
        return ""


def _sentence(facts: Mapping[str, Any]) -> str:
    data = facts.get("data") or {}
    classes = len(facts.get("labels") or ())
    return (
        f"{facts.get('title', 'A network')}, trained on {data.get('train', 0):,} photos of {classes} classes "
        f"in “{data.get('name', '')}”"
    )


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _write_json(file: Path, said: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")
