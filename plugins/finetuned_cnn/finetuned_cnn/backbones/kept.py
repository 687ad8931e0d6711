"""Backbones that a person kept: what one run learned, as the start of later ones.

On disk a backbone is two files, in a model's folder as in the person's library: `backbone.json`, which says what the
network is and what it learned from, and `backbone.safetensors` with its weights.
"""

import hashlib
import json
import shutil
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trasluz.api import FamilyError, ModelCard, Suggestion

if TYPE_CHECKING:
    from trasluz.torchkit.photos.backbone import Backbone

FACTS_FILE, WEIGHTS_FILE = "backbone.json", "backbone.safetensors"
PRIVATE = {"backbone-facts": FACTS_FILE, "backbone": WEIGHTS_FILE}
"""The files in a model's folder, by the names that its card gives them."""
FORMAT = 1
NAME_AT_MOST = 60
LITE0, CHECKPOINT = "efficientnet-lite0", "checkpoint"
"""The two kinds of network: our own, and one that transformers knows."""
_NOT_IN_NAMES = frozenset('<>:"/\\|?*')
_TAKEN = frozenset({LITE0, "con", "prn", "aux", "nul"})


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


def names(library: Path) -> list[str]:
    """The backbones that are there, by name."""
    return sorted(path.parent.name for path in (library / "backbones").glob(f"*/{FACTS_FILE}"))


def suggestions(library: Path) -> list[Suggestion]:
    """The backbones that are there, for the form; a damaged one is left out."""
    found = []
    for name in names(library):
        try:
            facts = _facts(folder_of(library, name))
        except FamilyError:
            continue
        found.append(Suggestion(name, name, _sentence(facts)))
    return found


def write(folder: Path, backbone: "Backbone") -> dict[str, str]:
    """Write a backbone's two files into a model's folder; returns them as `Trained.private`."""
    from safetensors.torch import save_file

    facts = backbone.facts
    said: dict[str, Any] = {"format": FORMAT, "title": facts.title, "licence": facts.licence, "kind": LITE0}
    if hasattr(backbone, "config"):
        said |= {"kind": CHECKPOINT, "config": backbone.config, "preprocessor": backbone.preprocessor}
    state = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in backbone.state_dict().items()}
    save_file(state, folder / WEIGHTS_FILE)
    said["sha256"] = _sha256(folder / WEIGHTS_FILE)
    _write_json(folder / FACTS_FILE, said)
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
            "This model has no backbone of its own to keep: only its classifier learned, or it was exported. Finetune "
            "some layers, and keep the backbone of that run."
        )
    number, wanted = 1, name
    while (target := folder_of(library, name)).exists():
        if replace and _model_of(target) == card.id:
            break
        if not replace:
            raise FamilyError(f"There is a backbone “{name}” already; choose another name.")
        number += 1
        name = f"{wanted} {number}"
    facts = _facts(model) | {
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


def read(folder: Path, *, id: str, weights: bool = True) -> "Backbone":  # noqa: A002 - the setting's word
    """Read a kept backbone.

    Args:
        folder: With its two files.
        id: What the setting says.
        weights: Whether to load what it learned; without, it is the same network with random weights.

    Raises:
        FamilyError: If a file is missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    facts = _facts(folder)
    file = folder / WEIGHTS_FILE
    backbone = _network(folder, facts, id)
    if not weights:
        return backbone
    try:
        if _sha256(file) != facts["sha256"]:
            raise FamilyError(f"“{file}” was changed or damaged since it was kept; keep the backbone again.")
        backbone.load_state_dict(load_file(file))
    except FileNotFoundError as error:
        raise FamilyError(f"The weights “{file}” are gone; keep the backbone again.") from error
    except (SafetensorError, RuntimeError, KeyError) as error:
        raise FamilyError(
            f"“{file}” does not hold the weights of the network that “{FACTS_FILE}” describes; keep it again."
        ) from error
    return backbone


def _network(folder: Path, facts: Mapping[str, Any], id_: str) -> "Backbone":
    from dataclasses import replace

    from trasluz.torchkit.photos import lite0

    from . import checkpoint

    title, licence = f"{folder.name} ({facts.get('title')})", str(facts.get("licence", ""))
    if facts.get("kind") == LITE0:
        backbone: Backbone = lite0.EfficientNetLite0()
        backbone.facts = replace(backbone.facts, id=id_, title=title, licence=licence)
        return backbone
    if facts.get("kind") != CHECKPOINT:
        raise FamilyError(f"“{folder / FACTS_FILE}” is of a kind of network that this version does not know.")
    config, preprocessor = facts.get("config"), facts.get("preprocessor")
    if not isinstance(config, dict) or not isinstance(preprocessor, dict):
        raise FamilyError(f"“{folder / FACTS_FILE}” does not describe a network; keep the backbone again.")
    return checkpoint.untrained(config, preprocessor, where=folder, id=id_, title=title, licence=licence)


def _facts(folder: Path) -> dict[str, Any]:
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
        return str(_facts(folder).get("model", ""))
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
