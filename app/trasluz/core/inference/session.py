"""One ONNX graph, open on a device. The session is asked which provider it uses: the wish for one is no proof."""

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from trasluz.api import FamilyError, Steps, TensorSpec

from .cuda import CPU, CUDA, diagnose, look
from .stepping import BoundSteps, PlainSteps

_QUIET = 4  # ONNX Runtime's level “fatal”: what matters is raised, and the rest would go to somebody's terminal
_TRIED = (64, 1)
"""What stands for a dimension that varies while warming up, in the order in which they are tried."""
_DTYPES = {"float": "float32", "double": "float64", "string": "str"}


class GraphError(FamilyError):
    """A graph that cannot be opened or run, in one sentence."""


class OnnxGraph:
    """An open ONNX file: `trasluz.api.Graph`. Safe from several threads.

    Attributes:
        path: The file.
        device: Where it runs: `cpu` or `cuda:N`.
        reason: Why it is not on the GPU although it was wished for, as a clause; empty otherwise.
    """

    def __init__(self, path: Path | str, device: str = "auto", *, threads: int | None = None) -> None:
        """Open the file.

        Args:
            path: The ONNX file.
            device: `auto` (the GPU where it works), `cpu`, `cuda` or `cuda:N`. Where the GPU does not work the graph
                is opened on the CPU, and `reason` says why.
            threads: Threads within one operator on the CPU; by default one for each core that may be used.

        Raises:
            GraphError: If the file cannot be opened.
        """
        self.path = Path(path)
        number = device_number(device)
        self.reason = ""
        self._session: Any = None
        if number is not None:
            self._session, self.reason = _on_cuda(self.path, number, threads)
            if device == "auto" and not look().gpus:
                self.reason = self.reason if look().card_seen else ""  # nobody misses a GPU that is not there
        if self._session is None:
            self._session = _on_cpu(self.path, threads)
        self._provider = str(self._session.get_providers()[0])
        self.device = f"cuda:{number}" if self._provider == CUDA else "cpu"
        self._inputs = tuple(_specs(self._session.get_inputs()))
        self._outputs = tuple(_specs(self._session.get_outputs()))

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
        """The execution provider that the session really uses, as it says itself."""
        return self._provider

    @property
    def metadata(self) -> dict[str, str]:
        """The file's `metadata_props`."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, feeds: Mapping[str, np.ndarray], wanted: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Run it once.

        Raises:
            GraphError: If the inputs do not fit the graph, or the memory does not suffice.
        """
        return self._run(feeds, wanted, quiet=False)

    def steps(self, feeds: Mapping[str, np.ndarray], *, back: Mapping[str, str], wanted: Sequence[str]) -> Steps:
        """Make it ready to be run many times, the outputs of `back` going into the inputs that they name.

        Raises:
            GraphError: If the inputs do not fit the graph.
        """
        if self._provider == CUDA:
            return PlainSteps(feeds, back, wanted, self.run)
        return BoundSteps(self._session, feeds, back, wanted, self.run)

    def warm_up(self) -> bool:
        """Run once on zeros, so that the first answer does not pay for what is set up by the first run.

        Returns:
            Whether the graph took them; not every graph takes any size, and then the first answer warms it up.
        """
        for size in _TRIED:
            feeds = {}
            for spec in self._inputs:
                shape = [d if isinstance(d, int) else (1 if i == 0 else size) for i, d in enumerate(spec.shape)]
                feeds[spec.name] = np.full(shape, "", object) if spec.dtype == "str" else np.zeros(shape, spec.dtype)
            with contextlib.suppress(GraphError):
                self._run(feeds, None, quiet=True)
                return True
        return False

    def _run(
        self, feeds: Mapping[str, np.ndarray], wanted: Sequence[str] | None, *, quiet: bool
    ) -> dict[str, np.ndarray]:
        import onnxruntime as ort

        names = list(wanted) if wanted is not None else [o.name for o in self._outputs]
        options = ort.RunOptions()
        if quiet:
            options.log_severity_level = _QUIET
        try:
            # Text lives in the CPU's memory only, so a graph that takes it cannot be bound.
            if self._provider == CUDA and all(v.dtype.kind in "buif" for v in feeds.values()):
                values = self._bound(feeds, names, options)
            else:
                values = self._session.run(names, dict(feeds), options)
        except Exception as error:  # its errors have no public class in common
            raise GraphError(_run_sentence(self.path.name, error)) from error
        return dict(zip(names, values, strict=True))

    def _bound(self, feeds: Mapping[str, np.ndarray], names: Sequence[str], options: Any) -> list[Any]:
        """Bind inputs and outputs to the GPU: one copy there, one copy back when all is computed."""
        import onnxruntime as ort

        where = int(self.device.removeprefix("cuda:"))
        binding = self._session.io_binding()
        for name, value in feeds.items():
            there = ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(value), "cuda", where)
            binding.bind_ortvalue_input(name, there)
        for name in names:
            binding.bind_output(name, "cuda", where)
        self._session.run_with_iobinding(binding, options)
        return list(binding.copy_outputs_to_cpu())


def open_graph(path: Path | str, device: str, *, at_once: int = 1) -> OnnxGraph:
    """Open an ONNX file that will be run from `at_once` threads at the same time.

    Raises:
        GraphError: If the file cannot be opened.
    """
    # Threads of several runs that share the cores wait for each other.
    return OnnxGraph(path, device, threads=max(1, usable_cores() // at_once) if at_once > 1 else None)


def device_number(device: str) -> int | None:
    """The number of the GPU that a device's name asks for, or None for the CPU.

    Raises:
        GraphError: If it is no device's name.
    """
    if device == "cpu":
        return None
    kind, _, number = device.partition(":")
    if device == "auto" or (kind == "cuda" and (not number or number.isdecimal())):
        return int(number or 0)
    raise GraphError(f"“{device}” is not a device; choose auto, cpu, cuda or cuda:N.")


@cache
def usable_cores() -> int:
    """How many cores this process may use: whole cores, within its affinity and its container's share.

    Returns 0 where the system does not say, which lets ONNX Runtime count.
    """
    if not hasattr(os, "sched_getaffinity"):
        return 0
    mine = os.sched_getaffinity(0)
    cores = set()
    for cpu in mine:
        place = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        try:
            cores.add(place.read_text(encoding="ascii").strip())
        except OSError:
            cores.add(str(cpu))
    return max(1, min(len(cores), _quota(len(mine))))


def _quota(most: int) -> int:
    """What the container may use, in whole cores."""
    with contextlib.suppress(OSError, ValueError):
        share, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return max(1, round(int(share) / int(period))) if share != "max" else most
    with contextlib.suppress(OSError, ValueError):
        folder = Path("/sys/fs/cgroup/cpu")
        share, period = ((folder / f"cpu.cfs_{name}_us").read_text(encoding="ascii") for name in ("quota", "period"))
        return max(1, round(int(share) / int(period))) if int(share) > 0 else most
    return most


def _on_cuda(path: Path, number: int, threads: int | None) -> tuple[Any | None, str]:
    """The session on the GPU and no reason, or no session and the reason."""
    obstacle = diagnose(look(), number)
    if obstacle is not None:
        return None, obstacle.reason
    options = {
        "device_id": str(number),
        # The default search tries every algorithm anew for each new size of input: seconds for each width of a line.
        "cudnn_conv_algo_search": "HEURISTIC",
        # TF32 keeps 10 bits of 23: what was measured against PyTorch would not be what runs.
        "use_tf32": "0",
    }
    try:
        session = _session(path, threads, [(CUDA, options), CPU])
    except GraphError as error:
        return None, f"the GPU could not take the model ({error.__cause__ and _first_line(error.__cause__)})"
    if session.get_providers()[0] != CUDA:
        return None, "the GPU is there, but ONNX Runtime could not start its CUDA part on it"
    return session, ""


def _on_cpu(path: Path, threads: int | None) -> Any:
    return _session(path, threads, [CPU])


def _session(path: Path, threads: int | None, providers: list[Any]) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = _QUIET
    options.intra_op_num_threads = usable_cores() if threads is None else threads
    # Threads that spin while they wait take the cores from those that decode: 4.5 instead of 6.7 s of processor time
    # for 400 photos on two cores, and one photo alone is answered as fast without.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not path.is_file():
        raise GraphError(f"“{path.name}” is missing in “{path.parent}”; copy the whole folder of the model again.")
    try:
        return ort.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # its errors have no public class in common
        raise GraphError(
            f"“{path.name}” in “{path.parent}” cannot be opened as an ONNX graph ({_first_line(error)}); "
            "it is damaged or needs a newer ONNX Runtime."
        ) from error


def _specs(nodes: Iterable[Any]) -> Iterable[TensorSpec]:
    for node in nodes:
        kind = str(node.type).removeprefix("tensor(").removesuffix(")")
        shape = tuple(d if isinstance(d, int | str) else None for d in node.shape)
        yield TensorSpec(name=node.name, dtype=_DTYPES.get(kind, kind), shape=shape)


def _run_sentence(name: str, error: BaseException) -> str:
    said = _first_line(error)
    if isinstance(error, MemoryError) or "failed to allocate memory" in said.lower() or "bad_alloc" in said:
        return f"There is not enough memory to run “{name}” on this input; give a smaller one, or close other programs."
    return f"“{name}” could not be run on this input ({said})."


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".")[:300] if lines else type(error).__name__
