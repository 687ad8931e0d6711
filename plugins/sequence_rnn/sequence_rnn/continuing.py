"""Learning on from an earlier model, also with a larger alphabet."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trasluz.api import FamilyError, ModelCard

from .alphabet import Alphabet

if TYPE_CHECKING:
    from torch import Tensor

    from .network import Transcriber


@dataclass(frozen=True, slots=True)
class Earlier:
    """A model that is learned on from."""

    alphabet: Alphabet
    facts: Mapping[str, Any]
    shape: Mapping[str, Any]
    weights: "Mapping[str, Tensor]"


def earlier_model(path: str, kind: str) -> Earlier | None:
    """Read the model to continue from; None where no path is given.

    Args:
        path: The folder of a run, of a model, or of an exported one.
        kind: The kind of data at hand.

    Raises:
        FamilyError: If there is no such model, or it is for another kind of data.
    """
    if not path.strip():
        return None
    from safetensors.torch import load_file

    folder = _model_folder(Path(path.strip()).expanduser())
    try:
        card = ModelCard.model_validate_json((folder / "card.json").read_bytes())
        if card.family != "sequence-rnn" or card.kind != kind:
            raise FamilyError(
                f"The model in “{folder}” is for {card.kind}, and this data is {kind}; choose a model of the "
                "same kind to continue from, or none."
            )
        weights = load_file(str(folder / card.files["weights"]))
        return Earlier(Alphabet(tuple(card.extra["alphabet"])), card.extra["facts"], card.extra["shape"], weights)
    except FamilyError:
        raise
    except Exception as error:
        raise FamilyError(
            f"The model in “{folder}” cannot be continued ({type(error).__name__}); give the folder of a finished "
            "run, or leave “Continue from” empty."
        ) from error


def take_over(network: "Transcriber", earlier: Earlier, alphabet: Alphabet) -> None:
    """Put an earlier model's weights into the network; the rows of characters that it lacks stay as they are."""
    import torch

    own = network.state_dict()
    old = earlier.alphabet.size  # its characters keep their numbers
    for name, weight in earlier.weights.items():
        if name in own and own[name].shape == weight.shape:
            own[name] = weight
        elif name in own and name.startswith(("head.", "shortcut.")) and len(weight) == old:
            own[name] = torch.cat([weight, own[name][old:] * 0.1])
        else:
            raise FamilyError(f"The earlier model does not fit: its “{name}” is of another size.")
    network.load_state_dict(own)
    with torch.no_grad():
        for layer in (network.head, network.shortcut):
            if layer.bias is not None:
                layer.bias[old:] = layer.bias[1:old].min()  # new characters begin as rare ones


def _model_folder(path: Path) -> Path:
    """The folder with the card: of a model, of an exported one, or inside a run."""
    for folder in (path, path / "model"):
        if (folder / "card.json").is_file():
            return folder
    raise FamilyError(f"There is no model in “{path}” to continue from; give the folder of a finished run.")
