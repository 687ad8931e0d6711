"""Checkpoints in the format of the model hub, in a folder: what is read of one, and what is refused.

Two things are never done: to run code that a checkpoint brings, and to open a pickle, which is code too.
"""

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trasluz.api import FamilyError

if TYPE_CHECKING:
    from torch import nn

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
PICKLES = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".h5", ".msgpack"})
"""Suffixes of weights in formats that are not read; most of them are pickles."""
LISTED_AT_MOST = 3


@dataclass(frozen=True, slots=True)
class CheckpointFolder:
    """A checkpoint that may be loaded.

    Attributes:
        path: Where it lies.
        config: What its `config.json` says.
        preprocessor: What its `preprocessor_config.json` says; empty where it has none.
        made_from: Where its `config.json` is, where that is not `path`.
    """

    path: Path
    config: Mapping[str, Any]
    preprocessor: Mapping[str, Any]
    made_from: Path | None = None

    @property
    def model_type(self) -> str:
        """The kind of network, in the words of transformers: `resnet`."""
        return str(self.config.get("model_type", ""))

    @classmethod
    def open(cls, path: Path) -> "CheckpointFolder":
        """Look at a folder and refuse what must not or cannot be loaded.

        Raises:
            FamilyError: In a sentence that names the file.
        """
        if not path.is_dir():
            raise FamilyError(f"There is no folder “{path}” with a checkpoint.")
        config = check_config(path)
        if not (path / WEIGHTS).is_file() and not (path / INDEX).is_file():
            pickles = sorted(each.name for each in path.iterdir() if each.suffix in PICKLES)
            if pickles:
                raise FamilyError(
                    f"“{pickles[0]}” in “{path}” is a pickle, which may run any code when it is opened, or of another "
                    f"program. Only safetensors are loaded: the folder needs a {WEIGHTS}."
                )
            raise FamilyError(f"“{path}” has no {WEIGHTS}, so there are no weights to start from.")
        preprocessor = _json(path / PREPROCESSOR) if (path / PREPROCESSOR).is_file() else {}
        _refuse_code(path / PREPROCESSOR, preprocessor)
        return cls(path, config, preprocessor)


def check_config(path: Path) -> Mapping[str, Any]:
    """Read the `config.json` of a folder.

    Raises:
        FamilyError: If it is missing, no JSON, asks for code of its own, or does not say what it is.
    """
    file = path / CONFIG
    if not file.is_file():
        raise FamilyError(f"“{path}” has no {CONFIG}: it is not a checkpoint in the format of the model hub.")
    config = _json(file)
    _refuse_code(file, config)
    if not isinstance(config.get("model_type"), str):
        raise FamilyError(f"“{file}” does not say what kind of network it is (model_type).")
    return config


def load(folder: CheckpointFolder, auto: Any, *, weights: bool = True) -> "nn.Module":
    """Make the network of a checkpoint with all of its weights, in eval mode, 32 bits.

    Args:
        folder: The checkpoint.
        auto: One of transformers' auto classes: `AutoModel`, `AutoModelForImageClassification`.
        weights: Whether to load the weights; without them it starts from random ones.

    Raises:
        FamilyError: If a weight is missing, too many or of another shape, or the network cannot be made.
    """
    import torch
    from transformers import AutoConfig

    where = folder.path
    try:
        with quiet():
            config = AutoConfig.from_pretrained(
                folder.made_from or where, trust_remote_code=False, local_files_only=True
            )
            if not weights:
                return auto.from_config(config, trust_remote_code=False, dtype=torch.float32).eval()  # type: ignore[no-any-return]
            network, said = auto.from_pretrained(
                where,
                config=config,
                dtype=torch.float32,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                ignore_mismatched_sizes=True,  # it says which, and they are refused below
                output_loading_info=True,
            )
    except MemoryError:
        raise
    except Exception as error:
        raise FamilyError(
            f"The checkpoint “{where}” cannot be loaded as {folder.model_type}: {_first_line(error)}"
        ) from error
    _refuse_others(where, said)
    return network.eval()  # type: ignore[no-any-return]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' bars and remarks to itself for as long as the block lasts."""
    from transformers.utils import logging as remarks

    before, bars = remarks.get_verbosity(), remarks.is_progress_bar_enabled()
    remarks.set_verbosity(logging.CRITICAL)
    remarks.disable_progress_bar()
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        remarks.set_verbosity(before)
        if bars:
            with contextlib.suppress(Exception):
                remarks.enable_progress_bar()


def _refuse_others(where: Path, said: Mapping[str, Any]) -> None:
    mismatched = said.get("mismatched_keys") or ()
    if mismatched:
        name, found, wanted = next(iter(sorted(mismatched)))
        raise FamilyError(
            f"“{name}” in the weights of “{where}” has the shape {tuple(found)}, and its {CONFIG} asks for "
            f"{tuple(wanted)}: the two do not belong together."
        )
    for key, what in (("missing_keys", "lack"), ("unexpected_keys", "have, without a place for it,")):
        names = sorted(said.get(key) or ())
        if names:
            more = f" and {len(names) - LISTED_AT_MOST:,} more" if len(names) > LISTED_AT_MOST else ""
            listed = ", ".join(f"“{name}”" for name in names[:LISTED_AT_MOST])
            raise FamilyError(
                f"The weights of “{where}” {what} {listed}{more}: they do not belong to its {CONFIG}, or a part of "
                "them is missing."
            )


def _refuse_code(file: Path, said: Mapping[str, Any]) -> None:
    if "auto_map" in said or said.get("trust_remote_code"):
        raise FamilyError(
            f"“{file}” asks to run code that comes with the checkpoint (auto_map). Trasluz runs no code from "
            "checkpoints; choose one whose network transformers knows by itself."
        )


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FamilyError(f"“{file}” cannot be read as JSON; load the checkpoint again.") from error
    if not isinstance(found, dict):
        raise FamilyError(f"“{file}” is not a description of a network; load the checkpoint again.")
    return found


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]
