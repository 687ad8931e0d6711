"""Which device torch runs on, and how a CPU is made fast."""

import ctypes
import os
import sys

import torch

from trasluz.api import FamilyError

_MMAP_THRESHOLD = -3  # glibc's M_MMAP_THRESHOLD
_TRIM_THRESHOLD = -1  # glibc's M_TRIM_THRESHOLD


def resolve(asked: str = "auto") -> torch.device:
    """Return the torch device for what was asked.

    Args:
        asked: `auto` (the best there is), `cpu`, `cuda`, `cuda:N` or `mps`.

    Raises:
        FamilyError: If the device is not there or the word is unknown.
    """
    word = asked.strip().lower() or "auto"
    if word == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu")
    if word == "cpu":
        return torch.device("cpu")
    if word == "mps":
        if not _has_mps():
            raise FamilyError("This computer has no Apple GPU that torch can use; choose “auto” or “cpu”.")
        return torch.device("mps")
    kind, _, index = word.partition(":")
    if kind == "cuda" and (not index or index.isdecimal()):
        return _cuda(asked, index)
    raise FamilyError(f"“{asked}” is not a device; use auto, cpu, cuda, cuda:N or mps.")


def _cuda(asked: str, index: str) -> torch.device:
    if not torch.cuda.is_available():
        why = (
            "this torch was built without CUDA"
            if torch.version.cuda is None
            else "torch finds no CUDA device; look at the graphics driver"
        )
        raise FamilyError(f"“{asked}” cannot be used: {why}. Choose “auto” or “cpu”.")
    count = torch.cuda.device_count()
    if index and int(index) >= count:
        last = count - 1
        raise FamilyError(f"“{asked}” is not there: the CUDA devices of this computer go from 0 to {last}.")
    return torch.device(f"cuda:{index}" if index else "cuda")


def _has_mps() -> bool:
    return sys.platform == "darwin" and torch.backends.mps.is_available()


def tune(*, threads: int | None = None) -> int:
    """Make torch fast on the CPU of this process; call it before the first network.

    glibc gives every large buffer back to the system and fetches it anew for each layer, which costs more than
    the arithmetic of a small network. Kept buffers made the training of EfficientNet-Lite0 1.7–2.7× faster.

    Args:
        threads: Threads of one operation; where None, what `OMP_NUM_THREADS` says, or else one a core.

    Returns:
        The number of threads.
    """
    if sys.platform == "linux":
        try:
            mallopt = ctypes.CDLL(None).mallopt
        except (OSError, AttributeError):
            mallopt = None  # musl has none, and does not need it
        if mallopt is not None:
            # Some glibc versions refuse a threshold above 32 MB and say so by returning 0.
            if not mallopt(_MMAP_THRESHOLD, 1 << 30):
                mallopt(_MMAP_THRESHOLD, 32 << 20)
            mallopt(_TRIM_THRESHOLD, 2**31 - 1)
    said = os.environ.get("OMP_NUM_THREADS", "")
    count = threads or (int(said) if said.isdecimal() and int(said) > 0 else cores())
    if torch.get_num_threads() != count:
        torch.set_num_threads(count)
    return count


def cores() -> int:
    """Return how many cores this process may use; fewer than the machine has inside a container."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def out_of_memory(error: BaseException) -> bool:
    """Return whether `error` says that the device or the computer has no memory left."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    if not isinstance(error, RuntimeError):
        return False
    text = str(error).lower()
    return "can't allocate memory" in text or "out of memory" in text or "not enough memory" in text


def describe(device: torch.device) -> str:
    """Return the device in words, for the person."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} ({device})"
    if device.type == "mps":
        return "Apple GPU"
    count = torch.get_num_threads()
    return f"CPU, {count} thread{'' if count == 1 else 's'}"


def free_memory() -> int:
    """Return how many bytes of memory are free for use; a careful guess where the system does not say."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 2 << 30  # Windows and macOS: half of what their smallest computers of today have
