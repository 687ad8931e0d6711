"""One ONNX graph, open on a device. The session is asked which provider it uses; what was wished for is no proof."""

import contextlib
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from trasluz.api import FamilyError, TensorSpec

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_DTYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(int16)": "int16",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(bool)": "bool",
    "tensor(string)": "str",
}


class OnnxGraph:
    """`trasluz.api.Graph` over an ONNX Runtime session.

    Attributes:
        reason: Why the session is not on the device that was asked for, or empty.
    """

    def __init__(self, path: Path, *, device: str = "auto", threads: int = 0) -> None:
        """Open the file.

        Args:
            path: The ONNX file.
            device: `auto` (the GPU if it works, else the CPU), `cpu`, `cuda` or `cuda:N`.
            threads: Threads within an operator; 0 lets ONNX Runtime use every core.

        Raises:
            FamilyError: If the file cannot be opened, or `cuda` was asked for and the session is not on it.
        """
        self.path = path
        self._session, self.reason = _open(path, device, threads)
        self._inputs = tuple(_spec(node) for node in self._session.get_inputs())
        self._outputs = tuple(_spec(node) for node in self._session.get_outputs())
        self._on_cuda = self.provider == CUDA
        self._device_id = _device_number(device)

    @property
    def inputs(self) -> Sequence[TensorSpec]:
        """What it takes."""
        return self._inputs

    @property
    def outputs(self) -> Sequence[TensorSpec]:
        """What it gives."""
        return self._outputs

    @property
    def provider(self) -> str:
        """The execution provider that the session really uses."""
        return str(self._session.get_providers()[0])

    @property
    def metadata(self) -> dict[str, str]:
        """The file's `metadata_props`."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, feeds: Mapping[str, np.ndarray], wanted: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Run it once; on CUDA the inputs are bound and the outputs stay there until all are computed.

        Raises:
            FamilyError: If the inputs do not fit the graph.
        """
        names = list(wanted) if wanted is not None else [o.name for o in self._outputs]
        try:
            values = self._run_bound(feeds, names) if self._on_cuda else self._session.run(names, dict(feeds))
        except Exception as error:  # ONNX Runtime's own errors have no common public class
            raise FamilyError(f"ONNX Runtime could not run “{self.path.name}”: {_first_line(error)}.") from error
        return dict(zip(names, values, strict=True))

    def warm_up(self) -> None:
        """Run once on zeros, so that the first real answer does not pay for what is set up on the first run."""
        feeds = {i.name: np.zeros(_small(i.shape), np.dtype(i.dtype)) for i in self._inputs if i.dtype != "str"}
        with contextlib.suppress(FamilyError):  # not every graph takes every size; then the first answer warms it
            self.run(feeds)

    def _run_bound(self, feeds: Mapping[str, np.ndarray], names: Sequence[str]) -> list[Any]:
        import onnxruntime as ort

        binding = self._session.io_binding()
        for name, value in feeds.items():
            held = ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(value), "cuda", self._device_id)
            binding.bind_ortvalue_input(name, held)
        for name in names:
            binding.bind_output(name, "cuda", self._device_id)
        self._session.run_with_iobinding(binding)
        return list(binding.copy_outputs_to_cpu())


@cache
def cuda_trouble() -> str:
    """Why this installation of ONNX Runtime has no CUDA, in words; empty where it seems to have."""
    import onnxruntime as ort

    if CUDA not in ort.get_available_providers():
        return "the installed ONNX Runtime has no CUDA provider"
    if not Path("/dev/nvidiactl").exists() and os.name == "posix":
        return "no NVIDIA GPU, or no driver for it, was found"
    # Finds CUDA and cuDNN in torch's own folder or in the nvidia packages; it prints, and never raises, on a miss.
    with contextlib.suppress(Exception), open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # noqa: PTH123
        ort.preload_dlls()
    return ""


def _open(path: Path, device: str, threads: int) -> tuple[Any, str]:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # what matters is raised; the rest would go to the terminal
    wish = device.strip().lower()
    reason = ""
    if wish != "cpu":
        reason = cuda_trouble()
        if not reason:
            providers = [(CUDA, {"device_id": str(_device_number(wish))}), CPU]
            session, error = _session(path, options, providers)
            if session is not None and session.get_providers()[0] == CUDA:
                return session, ""
            reason = error or "the CUDA provider did not load: its CUDA or cuDNN libraries are missing or do not fit"
        if wish != "auto":
            raise FamilyError(f"The GPU ({device}) cannot be used: {reason}. Choose Auto or CPU.")
    session, error = _session(path, options, [CPU])
    if session is None:
        raise FamilyError(f"“{path.name}” cannot be opened as an ONNX model: {error}. Export it again.")
    return session, reason


def _session(path: Path, options: Any, providers: Sequence[Any]) -> tuple[Any | None, str]:
    import onnxruntime as ort

    try:
        return ort.InferenceSession(str(path), options, providers=list(providers)), ""
    except Exception as error:  # ONNX Runtime's own errors have no common public class
        return None, _first_line(error)


def _spec(node: Any) -> TensorSpec:
    shape = tuple(d if isinstance(d, int | str) else None for d in node.shape)
    return TensorSpec(name=node.name, dtype=_DTYPES.get(node.type, node.type), shape=shape)


def _small(shape: Sequence[int | str | None]) -> list[int]:
    """A shape to warm up with: one item, and 64 along what else varies."""
    return [d if isinstance(d, int) else (1 if at == 0 else 64) for at, d in enumerate(shape)]


def _device_number(device: str) -> int:
    _, _, number = device.partition(":")
    return int(number) if number.isdigit() else 0


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".")[:300] if lines else type(error).__name__
