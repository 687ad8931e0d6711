"""The truth about the device: what a session really uses, timed, and why it is not the GPU where it is not."""

import importlib.metadata
import os
import platform
import subprocess
import time
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from pydantic import BaseModel, ConfigDict

from trasluz.api import FamilyError

from .session import CPU, CUDA, OnnxGraph

_SIDE, _RUNS = 512, 5


class DeviceRow(BaseModel):
    """One device and its timed check: a product of two 512 × 512 matrices, eight times over.

    Attributes:
        name: `CPU · 8 cores`, `NVIDIA GeForce RTX 4070`.
        provider: The provider that the session really used; empty where none could be opened.
        milliseconds: The median time of a run, or None where there was none.
        reason: Why it cannot be used; empty where it can.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    provider: str
    milliseconds: float | None
    reason: str = ""


class DeviceReport(BaseModel):
    """What models run on here."""

    model_config = ConfigDict(frozen=True)

    device: str
    provider: str
    sentence: str
    reason: str = ""
    remedy: str = ""
    rows: tuple[DeviceRow, ...]
    cores: int
    processor: str
    versions: dict[str, str]


def report(device: str = "auto") -> DeviceReport:
    """Open a session on each device, time it, and say what is used for `device` and why."""
    with TemporaryDirectory(prefix="trasluz-") as folder:
        path = Path(folder) / "check.onnx"
        _write_check(path)
        rows = [_check(path, "cpu", f"CPU · {_cores()} core{'s' if _cores() > 1 else ''}")]
        gpus = _gpu_names()
        for number, name in enumerate(gpus or ["GPU"]):
            rows.append(_check(path, f"cuda:{number}", name))
    used = _used(rows, device)
    reason = ""
    if used.provider != CUDA:
        reason = (
            "you chose the CPU" if device == "cpu" else next((r.reason for r in rows if r.id.startswith("cuda")), "")
        )
    speed = _speed(rows[0], used)
    return DeviceReport(
        device=used.id,
        provider=used.provider,
        sentence=f"Models run on {used.name}{speed}.",
        reason=f"Not on a GPU: {reason}." if reason else "",
        remedy=_remedy(reason, has_gpu=bool(gpus)),
        rows=tuple(rows),
        cores=_cores(),
        processor=_processor(),
        versions=_versions(),
    )


def _check(path: Path, device: str, name: str) -> DeviceRow:
    try:
        graph = OnnxGraph(path, device=device)
        feeds = {"x": np.ones((_SIDE, _SIDE), np.float32)}
        graph.run(feeds)
        times = []
        for _ in range(_RUNS):
            start = time.perf_counter()
            graph.run(feeds)
            times.append((time.perf_counter() - start) * 1000)
    except FamilyError as error:
        reason = str(error).partition(": ")[2].removesuffix(" Choose Auto or CPU.").rstrip(".")
        return DeviceRow(id=device, name=name, provider="", milliseconds=None, reason=reason or str(error))
    return DeviceRow(id=device, name=name, provider=graph.provider, milliseconds=float(np.median(times)))


def _used(rows: list[DeviceRow], device: str) -> DeviceRow:
    """The row of the device that `OnnxGraph` takes for what was asked."""
    asked = "cuda:0" if device in ("auto", "cuda") else device
    return next((r for r in rows if r.id == asked and r.provider), rows[0])


def _speed(cpu: DeviceRow, used: DeviceRow) -> str:
    if used.provider != CUDA or not cpu.milliseconds or not used.milliseconds:
        return ""
    return f", {cpu.milliseconds / used.milliseconds:.1f} times the speed of the CPU here"


def _remedy(reason: str, *, has_gpu: bool) -> str:
    if not reason or reason.startswith("you chose"):
        return ""
    if platform.system() == "Darwin":
        return "On a Mac models run on the CPU; there is nothing to mend."
    if not has_gpu:
        return (
            "If this computer has an NVIDIA GPU, install NVIDIA's driver and start Trasluz again; "
            "without one nothing is missing."
        )
    if "no CUDA provider" in reason:
        return "In Trasluz's environment: pip uninstall onnxruntime onnxruntime-gpu, then pip install onnxruntime-gpu."
    return (
        "Install CUDA 13 and cuDNN 9 for this environment: pip install 'onnxruntime-gpu[cuda,cudnn]', "
        "and a driver that is new enough for them; then start Trasluz again."
    )


def _write_check(path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = np.eye(_SIDE, dtype=np.float32)
    names = ["x", *(f"x{i}" for i in range(8))]
    nodes = [helper.make_node("MatMul", [a, "w"], [b]) for a, b in pairwise(names)]
    value = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [_SIDE, _SIDE]) for n in (names[0], names[-1])]
    graph = helper.make_graph(nodes, "check", value[:1], value[1:], [numpy_helper.from_array(weights, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, str(path))


@cache
def _gpu_names() -> tuple[str, ...]:
    """The NVIDIA GPUs that the driver names, without loading CUDA."""
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(line.strip() for line in done.stdout.splitlines() if line.strip()) if done.returncode == 0 else ()


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


def _versions() -> dict[str, str]:
    found = {}
    for package in ("onnxruntime-gpu", "onnxruntime", "onnx", "numpy"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


__all__ = ["CPU", "CUDA", "DeviceReport", "DeviceRow", "report"]
