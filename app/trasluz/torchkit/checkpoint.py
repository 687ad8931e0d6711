"""Checkpoints that are never read half-written: one safetensors file with its JSON in the header.

A file is written beside its place under another name, flushed to the disk, then renamed over its predecessor,
which every system does in one stroke. So whoever looks, whenever the process died, finds either the old file
whole or the new one whole.
"""

import contextlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save_file

from trasluz.api import FamilyError

_LENGTH = 8
"""Bytes of the header's length, at the start of the file."""
_TENSOR = "$tensor"
_TUPLE = "$tuple"
_KEYS = "$pairs"
_WRITING = ".writing"
_OF_SAFETENSORS = ".tmp??????"
"""What safetensors calls a file that it is still writing."""


def write(path: Path, state: Any) -> None:
    """Write `state` to `path` as a whole.

    Args:
        path: Where it goes; its folder is made.
        state: Tensors in dictionaries, lists and tuples, with numbers, words and None among them.

    Raises:
        TypeError: If there is something else in it.
        OSError: If it cannot be written; what was there before is still there.
    """
    tensors: dict[str, torch.Tensor] = {}
    tree = _flatten(state, "", tensors)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The name holds the process: two processes that write at once do not write into one file.
    temporary = path.with_name(f"{path.name}.{os.getpid()}{_WRITING}")
    try:
        save_file(tensors, temporary, metadata={"state": json.dumps(tree, separators=(",", ":"))})
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        _replace(temporary, path)
    except SafetensorError as error:  # it wraps a full disk in its own error
        raise OSError(f"“{path}” cannot be written: {error}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    _flush_folder(path.parent)


def read(path: Path) -> Any:
    """Return what was written to `path`, its tensors on the CPU.

    Raises:
        FileNotFoundError: If there is nothing.
        FamilyError: If it is damaged.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    try:
        # Read at once: an opened safetensors file is opened again by its name for the tensors, and a writer may have
        # put the next checkpoint there in between.
        raw = path.read_bytes()
        header = json.loads(raw[_LENGTH : _LENGTH + int.from_bytes(raw[:_LENGTH], "little")])
        tensors = {name: tensor.clone() for name, tensor in load(raw).items()}
        return _unflatten(json.loads(header["__metadata__"]["state"]), tensors)
    except (SafetensorError, KeyError, ValueError, TypeError, OSError) as error:
        raise FamilyError(
            f"The checkpoint “{path}” is damaged and cannot be resumed from; remove it and start the run again."
        ) from error


def remove_leftovers(folder: Path) -> None:
    """Remove what a process that died in the middle of writing has left in `folder`."""
    for pattern in (f"*{_WRITING}", _OF_SAFETENSORS):
        for each in folder.glob(pattern):
            with contextlib.suppress(OSError):
                each.unlink()


def _replace(temporary: Path, path: Path) -> None:
    # Windows refuses while a virus scanner or an indexer holds the old file; it lets go in a moment.
    for attempt in range(20):
        try:
            temporary.replace(path)
            return
        except PermissionError:
            if attempt == 19:
                raise
            time.sleep(0.05)


def _flush_folder(folder: Path) -> None:
    # The rename itself reaches the disk with the folder; Windows cannot open a folder, and needs not.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _flatten(value: Any, name: str, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        key = name or "value"
        # safetensors wants every tensor dense and with a memory of its own; tied weights share theirs.
        tensors[key] = value.detach().cpu().contiguous().clone()
        return {_TENSOR: key}
    if isinstance(value, Mapping):
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {key: _flatten(each, f"{name}/{key}", tensors) for key, each in value.items()}
        # torch's optimisers number their parameters; JSON would turn the numbers into words.
        return {_KEYS: [[key, _flatten(each, f"{name}/{key}", tensors)] for key, each in value.items()]}
    if isinstance(value, (list, tuple)):
        items = [_flatten(each, f"{name}/{index}", tensors) for index, each in enumerate(value)]
        return {_TUPLE: items} if isinstance(value, tuple) else items
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a checkpoint cannot hold {type(value).__name__} at “{name}”")


def _unflatten(tree: Any, tensors: Mapping[str, torch.Tensor]) -> Any:
    if isinstance(tree, dict):
        if _TENSOR in tree:
            return tensors[tree[_TENSOR]]
        if _TUPLE in tree:
            return tuple(_unflatten(each, tensors) for each in tree[_TUPLE])
        if _KEYS in tree:
            return {key: _unflatten(each, tensors) for key, each in tree[_KEYS]}
        return {key: _unflatten(each, tensors) for key, each in tree.items()}
    if isinstance(tree, list):
        return [_unflatten(each, tensors) for each in tree]
    return tree
