"""The truth about the device: what a session really uses, timed, and why it is not the GPU where it is not."""

import os
import platform
import time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from pydantic import BaseModel, ConfigDict

from trasluz.core.versions import ONNX_RUNTIMES, installed

from .cuda import CPU, CUDA, CudaFacts, Obstacle, diagnose, look
from .session import GraphError, OnnxGraph, device_number, usable_cores

__all__ = ["CPU", "CUDA", "DeviceReport", "DeviceRow", "report"]

_CHANNELS, _SIDE, _LAYERS, _RUNS = 32, 96, 6, 7
_AGREE = 1e-3
"""How far the check's answers may be from the processor's, as a share of the largest."""


class DeviceRow(BaseModel):
    """One device and its timed check: six 3×3 convolutions over 32 maps of 96×96, and a product of matrices.

    Attributes:
        id: `cpu` or `cuda:N`.
        name: `CPU · 8 cores`, `NVIDIA GeForce RTX 4070`.
        provider: What the session said it really used; empty where there is none.
        milliseconds: The median time of a run, or None where there was none.
        difference: The largest difference from the processor's answer, as a share of its largest value.
        memory: Bytes of its memory, or None where that is not known.
        reason: Why it cannot be used; empty where it can.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    provider: str = ""
    milliseconds: float | None = None
    difference: float | None = None
    memory: int | None = None
    reason: str = ""


class DeviceReport(BaseModel):
    """What models run on here.

    Attributes:
        device: `cpu` or `cuda:N`: what is used for what was asked.
        provider: The execution provider of a real session on it.
        sentence: The whole in one sentence.
        cause: A short stable word for what keeps models from the GPU: `no-gpu`, `no-driver`, `cudnn`, …
        reason: Why it is not the GPU, as a sentence; empty where it is.
        remedy: What the person can do about it; empty where there is nothing to do.
        cores: Cores that this process may use.
        threads: Threads of ONNX Runtime on the processor.
    """

    model_config = ConfigDict(frozen=True)

    asked: str
    device: str
    provider: str
    sentence: str
    cause: str = ""
    reason: str = ""
    remedy: str = ""
    rows: tuple[DeviceRow, ...]
    cores: int
    threads: int
    processor: str
    versions: dict[str, str]


def report(device: str = "auto") -> DeviceReport:
    """Open a session on each device, time it, and say what is used for `device` and why.

    Raises:
        GraphError: If `device` is no device's name.
    """
    number = device_number(device)
    facts = look()
    with TemporaryDirectory(prefix="trasluz-") as folder:
        rows = _timed_rows(Path(folder), facts)
    obstacle = None if number is None else _obstacle(facts, number, rows)
    used = rows[0] if number is None or obstacle is not None else rows[number + 1]
    times = ""
    if used.provider == CUDA and rows[0].milliseconds and used.milliseconds:
        times = f", {rows[0].milliseconds / used.milliseconds:.1f} times as fast as the processor in a check just now"
    return DeviceReport(
        asked=device,
        device=used.id,
        provider=used.provider,
        sentence=f"Models run on {'the processor' if used.id == 'cpu' else used.name}{times}.",
        cause="chosen" if number is None else obstacle.cause if obstacle else "",
        reason="You chose the processor." if number is None else _sentence(obstacle),
        remedy=obstacle.remedy if obstacle else "",
        rows=tuple(rows),
        cores=_cores(),
        threads=usable_cores() or _cores(),
        processor=_processor(),
        versions=_versions(facts),
    )


def _timed_rows(folder: Path, facts: CudaFacts) -> list[DeviceRow]:
    """The processor first, then each GPU; a row that says why where there is none."""
    path = folder / "check.onnx"
    _write_check(path)
    cores = _cores()
    cpu, expected = _check(path, "cpu", f"CPU · {cores} core{'s' if cores > 1 else ''}")
    rows = [cpu]
    for number, gpu in enumerate(facts.gpus):
        row, _ = _check(path, f"cuda:{number}", gpu.name, memory=gpu.memory, expected=expected)
        rows.append(row)
    obstacle = diagnose(facts)
    if not facts.gpus and obstacle is not None:
        rows.append(DeviceRow(id="cuda:0", name="GPU", reason=obstacle.reason))
    return rows


def _check(
    path: Path, device: str, name: str, *, memory: int | None = None, expected: np.ndarray | None = None
) -> tuple[DeviceRow, np.ndarray | None]:
    """Open, run, time and compare; returns the row and the answer."""
    row = DeviceRow(id=device, name=name, memory=memory)
    try:
        graph = OnnxGraph(path, device)
        if graph.device != device:
            return row.model_copy(update={"reason": graph.reason}), None
        feeds = {"x": np.random.default_rng(1).standard_normal((1, _CHANNELS, _SIDE, _SIDE)).astype(np.float32)}
        answer = graph.run(feeds)["y"]
        times = []
        for _ in range(_RUNS):
            start = time.perf_counter()
            graph.run(feeds)
            times.append((time.perf_counter() - start) * 1000)
    except GraphError as error:
        return row.model_copy(update={"reason": str(error).rstrip(".")}), None
    facts: dict[str, object] = {"provider": graph.provider, "milliseconds": float(np.median(times))}
    if expected is not None:
        far = float(np.abs(answer - expected).max() / np.abs(expected).max())
        facts["difference"] = far
        if not far <= _AGREE:
            facts["reason"] = f"its answers differ from the processor's by {far:.1%}"
    return row.model_copy(update=facts), answer


def _obstacle(facts: CudaFacts, number: int, rows: list[DeviceRow]) -> Obstacle | None:
    """What keeps models from GPU `number`: what is known beforehand, else what the check met."""
    known = diagnose(facts, number)
    if known is not None:
        return known
    row = rows[number + 1]
    if row.reason:
        return Obstacle(
            "check-failed",
            row.reason,
            "Restart the computer and update NVIDIA's driver; if that does not help, choose CPU as the device.",
        )
    return None


def _sentence(obstacle: Obstacle | None) -> str:
    return f"Not on a GPU: {obstacle.reason}." if obstacle else ""


def _write_check(path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)

    def weight(name: str, *shape: int) -> onnx.TensorProto:
        scale = np.sqrt(2 / np.prod(shape[1:]))
        return numpy_helper.from_array((rng.standard_normal(shape) * scale).astype(np.float32), name)

    nodes, weights, x = [], [], "x"
    for i in range(_LAYERS):
        weights.append(weight(f"w{i}", _CHANNELS, _CHANNELS, 3, 3))
        nodes.append(helper.make_node("Conv", [x, f"w{i}"], [f"c{i}"], pads=[1, 1, 1, 1], kernel_shape=[3, 3]))
        nodes.append(helper.make_node("Relu", [f"c{i}"], [f"r{i}"]))
        x = f"r{i}"
    weights.append(weight("last", _SIDE, _SIDE))
    nodes.append(helper.make_node("MatMul", [x, "last"], ["y"]))
    shape = [1, _CHANNELS, _SIDE, _SIDE]
    taken, given = (helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n in ("x", "y"))
    graph = helper.make_graph(nodes, "check", [taken], [given], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), str(path))


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@cache
def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _versions(facts: CudaFacts) -> dict[str, str]:
    found = installed(*ONNX_RUNTIMES, "onnx", "numpy")
    if facts.built_for:
        found["cuda of onnxruntime"] = ".".join(map(str, facts.built_for))
    if facts.driver_cuda:
        found["cuda of the driver"] = ".".join(map(str, facts.driver_cuda))
    return found
