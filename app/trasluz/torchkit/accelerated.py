"""Accelerate: the device, mixed precision, and several processes that learn together."""

from collections.abc import Mapping
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, PartialState
from torch import Tensor

from .plan import Precision


def moved(batch: Any, device: torch.device) -> Any:
    """Return `batch` with its tensors on `device`, whatever tuples, lists and dictionaries they lie in."""
    if isinstance(batch, Tensor):
        return batch.to(device, non_blocking=True) if batch.device != device else batch
    if isinstance(batch, Mapping):
        return {name: moved(each, device) for name, each in batch.items()}
    if isinstance(batch, tuple):
        parts = [moved(each, device) for each in batch]
        return type(batch)(*parts) if hasattr(batch, "_fields") else tuple(parts)
    if isinstance(batch, list):
        return [moved(each, device) for each in batch]
    return batch


def accelerator(device: torch.device, precision: Precision) -> Accelerator:
    """Return the accelerator for a device; `auto` is the best precision that the device is fast in."""
    if precision == "auto":
        good = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
        precision = "bf16" if good else "fp16" if device.type == "cuda" else "fp32"
    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)
    # Its state is one for the process; a second training in the same process may want another device or precision.
    if PartialState._shared_state and PartialState().num_processes == 1:
        AcceleratorState._reset_state(reset_partial_state=True)
    return Accelerator(cpu=device.type == "cpu", mixed_precision="no" if precision == "fp32" else precision)
