"""Why models run on the GPU or not: facts about this machine, and what a person can do about them.

`look` gathers the facts, `diagnose` reads them. The driver is asked by ctypes, so that neither torch nor
`nvidia-smi` is needed; `get_available_providers` is no proof of anything, since it lists what was compiled in.
"""

import contextlib
import ctypes
import io
import os
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from trasluz.core.versions import ONNX_RUNTIMES, installed

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_NVIDIA, _DISPLAY = "0x10de", "0x03"
_NO_DEVICE, _MISMATCH, _NOT_PERMITTED = 100, 803, 800
_COMPUTE_MAJOR, _COMPUTE_MINOR = 75, 76  # CUdevice_attribute
_OLDEST = {12: (5, 0), 13: (7, 5)}
"""The oldest GPUs, by compute capability, that each major version of CUDA still serves."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU that the driver offers."""

    name: str
    memory: int
    capability: tuple[int, int]


@dataclass(frozen=True, slots=True)
class CudaFacts:
    """What decides whether ONNX Runtime can use the GPU, in the order in which it is asked.

    Attributes:
        system: `Linux`, `Windows`, `Darwin`.
        packages: The installed distributions of ONNX Runtime.
        in_build: Whether the imported ONNX Runtime was compiled with CUDA.
        built_for: The version of CUDA it was compiled for.
        card_seen: Whether an NVIDIA card is plugged in; None where that cannot be seen.
        driver_found: Whether NVIDIA's driver is installed.
        driver_status: What the driver said when it was started; 0 is well.
        driver_cuda: The newest CUDA that the driver serves.
        gpus: What the driver offers.
        visible: The environment's `CUDA_VISIBLE_DEVICES`, or None.
        library_error: Why ONNX Runtime's CUDA library could not be loaded; empty where it could.
    """

    system: str = "Linux"
    packages: tuple[str, ...] = ("onnxruntime-gpu",)
    in_build: bool = True
    built_for: tuple[int, int] | None = None
    card_seen: bool | None = None
    driver_found: bool = False
    driver_status: int = 0
    driver_cuda: tuple[int, int] | None = None
    gpus: tuple[Gpu, ...] = ()
    visible: str | None = None
    library_error: str = ""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What keeps models from the GPU.

    Attributes:
        cause: A short stable word.
        reason: What is so, as a clause without a full stop.
        remedy: What the person can do, as a sentence; empty where nothing is to be done.
    """

    cause: str
    reason: str
    remedy: str = ""


def diagnose(facts: CudaFacts, number: int = 0) -> Obstacle | None:
    """Say what keeps models from GPU `number`, or None where nothing is known to."""
    return _build(facts) or _driver(facts) or _device(facts, number) or _libraries(facts)


def _build(facts: CudaFacts) -> Obstacle | None:
    if facts.system == "Darwin":
        return Obstacle("mac", "CUDA does not exist on macOS, so models run on the processor")
    if facts.in_build:
        return None
    if facts.card_seen is False and not facts.driver_found:
        return Obstacle("no-gpu", "this computer has no NVIDIA GPU")
    remedy = "Run: pip uninstall onnxruntime, then: pip install --force-reinstall onnxruntime-gpu."
    if {"onnxruntime", "onnxruntime-gpu"} <= set(facts.packages):
        reason = "both “onnxruntime” and “onnxruntime-gpu” are installed, and the one without CUDA is used"
        return Obstacle("two-runtimes", reason, remedy)
    return Obstacle("no-cuda-in-build", "the installed ONNX Runtime was made without CUDA", remedy)


def _driver(facts: CudaFacts) -> Obstacle | None:
    if not facts.driver_found:
        if facts.card_seen:
            return Obstacle(
                "no-driver",
                "there is an NVIDIA GPU, but NVIDIA's driver is not installed",
                "Install NVIDIA's driver for it and restart the computer; in a container, start it with --gpus all.",
            )
        if facts.card_seen is False:
            return Obstacle("no-gpu", "this computer has no NVIDIA GPU")
        return Obstacle(
            "no-driver",
            "NVIDIA's driver was not found",
            "If this computer has an NVIDIA GPU, install NVIDIA's driver for it and restart the computer.",
        )
    match facts.driver_status:
        case 0:
            pass
        case code if code == _NO_DEVICE:
            return _hidden(facts)
        case code if code == _MISMATCH:
            return Obstacle(
                "driver-mismatch",
                "NVIDIA's driver was updated, but the old one is still running",
                "Restart the computer.",
            )
        case code if code == _NOT_PERMITTED:
            return Obstacle(
                "gpu-refused",
                "the driver does not let this user or container use the GPU",
                "Ask for access to the GPU (/dev/nvidia*), or start the container with --gpus all.",
            )
        case code:
            return Obstacle(
                "driver-failed",
                f"NVIDIA's driver could not be started (its error {code})",
                "Restart the computer; if that does not help, install NVIDIA's driver anew.",
            )
    return None if facts.gpus else _hidden(facts)


def _hidden(facts: CudaFacts) -> Obstacle:
    if facts.visible is not None:
        return Obstacle(
            "gpu-hidden",
            f"CUDA_VISIBLE_DEVICES is set to “{facts.visible}”, which hides every GPU",
            "Unset CUDA_VISIBLE_DEVICES, or set it to 0, and start Trasluz again.",
        )
    return Obstacle(
        "no-gpu",
        "NVIDIA's driver is installed, but finds no GPU",
        "If there is one, check that it is plugged in and enabled; in a container, start it with --gpus all.",
    )


def _device(facts: CudaFacts, number: int) -> Obstacle | None:
    if not 0 <= number < len(facts.gpus):
        last = len(facts.gpus) - 1
        known = "cuda:0" if last == 0 else f"cuda:0 to cuda:{last}"
        return Obstacle("no-such-gpu", f"there is no cuda:{number} here; there is {known}", "Choose one that exists.")
    gpu, built = facts.gpus[number], facts.built_for
    if built is None:
        return None
    oldest = _OLDEST.get(built[0])
    if oldest is not None and gpu.capability < oldest:
        need = f"{oldest[0]}.{oldest[1]}"
        return Obstacle(
            "old-gpu",
            f"the {gpu.name} is too old for CUDA {built[0]}: it has compute capability "
            f"{gpu.capability[0]}.{gpu.capability[1]}, and {need} is needed",
            "Models run on the processor; a GPU of 2018 or later would be used.",
        )
    if facts.driver_cuda is not None and facts.driver_cuda[0] < built[0]:
        return Obstacle(
            "old-driver",
            f"NVIDIA's driver serves CUDA {facts.driver_cuda[0]}.{facts.driver_cuda[1]} at most, "
            f"and ONNX Runtime needs CUDA {built[0]}",
            "Install a newer driver from NVIDIA and restart the computer.",
        )
    return None


def _libraries(facts: CudaFacts) -> Obstacle | None:
    if not facts.library_error:
        return None
    major = facts.built_for[0] if facts.built_for else 13
    install = 'Run: pip install "onnxruntime-gpu[cuda,cudnn]", then start Trasluz again.'
    said = facts.library_error
    if "cudnn" in said.lower():
        return Obstacle("cudnn", f"cuDNN 9 for CUDA {major} is missing or of another version ({said})", install)
    return Obstacle(
        "cuda-libraries",
        f"the libraries of CUDA {major} are missing or of another version ({said})",
        install,
    )


@cache
def look() -> CudaFacts:
    """Gather the facts, once in a process; libraries are loaded only where there is a GPU for them."""
    import onnxruntime as ort

    system = platform.system()
    packages = tuple(installed(*ONNX_RUNTIMES))
    in_build = CUDA in ort.get_available_providers()
    built_for = _built_for() if in_build else None
    card = _card_seen(system)
    if system == "Darwin":
        return CudaFacts(system, packages, in_build, built_for, card)
    driver = _driver_library(system)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if driver is None:
        return CudaFacts(system, packages, in_build, built_for, card, visible=visible)
    status, driver_cuda, gpus = _ask(driver)
    facts = CudaFacts(system, packages, in_build, built_for, card, True, status, driver_cuda, gpus, visible)
    if not in_build or diagnose(facts) is not None:
        return facts
    return CudaFacts(
        system, packages, in_build, built_for, card, True, status, driver_cuda, gpus, visible, _load_libraries(system)
    )


def _built_for() -> tuple[int, int] | None:
    try:
        from onnxruntime.capi import build_and_package_info as info

        major, minor, *_ = (int(part) for part in f"{info.cuda_version}.0".split("."))
    except (ImportError, AttributeError, ValueError):
        return None
    return major, minor


def _card_seen(system: str) -> bool | None:
    if system != "Linux":
        return None
    if Path("/dev/dxg").exists():  # WSL: the card is Windows' own
        return None
    seen = False
    for device in Path("/sys/bus/pci/devices").glob("*"):
        with contextlib.suppress(OSError):
            vendor = (device / "vendor").read_text().strip()
            seen = seen or (vendor == _NVIDIA and (device / "class").read_text().startswith(_DISPLAY))
    return seen or Path("/dev/nvidiactl").exists()


def _driver_library(system: str) -> ctypes.CDLL | None:
    for name in ("nvcuda.dll",) if system == "Windows" else ("libcuda.so.1", "libcuda.so"):
        with contextlib.suppress(OSError):
            return ctypes.CDLL(name)
    return None


def _ask(driver: ctypes.CDLL) -> tuple[int, tuple[int, int] | None, tuple[Gpu, ...]]:
    """Ask the driver for its version and its GPUs; the names are those of CUDA's driver interface."""
    number = ctypes.c_int()
    version = None
    if driver.cuDriverGetVersion(ctypes.byref(number)) == 0:
        version = (number.value // 1000, number.value % 1000 // 10)
    status = int(driver.cuInit(0))
    if status != 0:
        return status, version, ()
    status = int(driver.cuDeviceGetCount(ctypes.byref(number)))
    gpus = []
    for index in range(number.value if status == 0 else 0):
        device, name, memory = ctypes.c_int(), ctypes.create_string_buffer(128), ctypes.c_size_t()
        major, minor = ctypes.c_int(), ctypes.c_int()
        driver.cuDeviceGet(ctypes.byref(device), index)
        driver.cuDeviceGetName(name, 128, device)
        driver.cuDeviceTotalMem_v2(ctypes.byref(memory), device)
        driver.cuDeviceGetAttribute(ctypes.byref(major), _COMPUTE_MAJOR, device)
        driver.cuDeviceGetAttribute(ctypes.byref(minor), _COMPUTE_MINOR, device)
        gpus.append(Gpu(name.value.decode("utf-8", "replace"), memory.value, (major.value, minor.value)))
    return status, version, tuple(gpus)


def _load_libraries(system: str) -> str:
    """Load CUDA and cuDNN from torch's or NVIDIA's packages, then ONNX Runtime's own part; return what fails."""
    import onnxruntime as ort

    # It tells of what it does not find by print; what counts is whether the provider's library loads after it.
    with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
        ort.preload_dlls()
    capi = Path(ort.__file__).parent / "capi"
    names = (
        ("onnxruntime_providers_shared.dll", "onnxruntime_providers_cuda.dll")
        if system == "Windows"
        else ("libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so")
    )
    try:
        for name in names:
            ctypes.CDLL(str(capi / name), mode=ctypes.RTLD_GLOBAL)
        if system == "Linux":
            ctypes.CDLL("libcudnn.so.9")  # the provider opens it late, when a convolution first needs it
    except OSError as error:
        return str(error).partition(": cannot open")[0].strip()
    return ""
