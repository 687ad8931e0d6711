"""Why it is not the GPU: each cause from its facts, and the report of this very machine."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasluz.core.inference.cuda import CPU, CUDA, CudaFacts, Gpu, diagnose, look
from trasluz.core.inference.devices import report
from trasluz.core.inference.session import GraphError

H200 = Gpu("NVIDIA H200", 141 << 30, (9, 0))
WELL = CudaFacts(built_for=(13, 0), card_seen=True, driver_found=True, driver_cuda=(13, 0), gpus=(H200,))


def _with(**changes: object) -> CudaFacts:
    from dataclasses import replace

    return replace(WELL, **changes)


@pytest.mark.parametrize(
    ("cause", "facts", "says", "remedy"),
    [
        ("mac", CudaFacts(system="Darwin", in_build=False), "macOS", ""),
        ("no-gpu", CudaFacts(card_seen=False), "no NVIDIA GPU", ""),
        ("no-gpu", CudaFacts(card_seen=False, in_build=False), "no NVIDIA GPU", ""),
        ("no-driver", CudaFacts(card_seen=True), "not installed", "Install NVIDIA's driver"),
        ("no-driver", CudaFacts(system="Windows", card_seen=None), "not found", "If this computer has"),
        ("no-cuda-in-build", _with(in_build=False, packages=("onnxruntime",)), "without CUDA", "onnxruntime-gpu"),
        ("two-runtimes", _with(in_build=False, packages=("onnxruntime", "onnxruntime-gpu")), "both", "pip uninstall"),
        ("gpu-hidden", _with(driver_status=100, gpus=(), visible="-1"), "CUDA_VISIBLE_DEVICES", "Unset"),
        ("gpu-hidden", _with(gpus=(), visible=""), "CUDA_VISIBLE_DEVICES", "Unset"),
        ("no-gpu", _with(driver_status=100, gpus=()), "finds no GPU", "plugged in"),
        ("driver-mismatch", _with(driver_status=803, gpus=()), "updated", "Restart"),
        ("gpu-refused", _with(driver_status=800, gpus=()), "does not let", "--gpus all"),
        ("driver-failed", _with(driver_status=999, gpus=()), "error 999", "Restart"),
        ("old-driver", _with(driver_cuda=(12, 4)), r"CUDA 12\.4 at most", "newer driver"),
        ("old-gpu", _with(gpus=(Gpu("GTX 1080", 8 << 30, (6, 1)),)), "GTX 1080 is too old", "processor"),
        ("cudnn", _with(library_error="libcudnn.so.9"), "cuDNN 9 for CUDA 13", r"onnxruntime-gpu\[cuda,cudnn\]"),
        ("cuda-libraries", _with(library_error="libcublasLt.so.13"), "libcublasLt", r"onnxruntime-gpu\[cuda,cudnn\]"),
    ],
)
def test_each_cause_has_its_reason_and_its_remedy(cause: str, facts: CudaFacts, says: str, remedy: str) -> None:
    import re

    obstacle = diagnose(facts)
    assert obstacle is not None
    assert obstacle.cause == cause
    assert re.search(says, obstacle.reason)
    assert re.search(remedy, obstacle.remedy)
    assert not obstacle.reason.endswith(".")
    assert not obstacle.remedy or obstacle.remedy.endswith(".")


def test_where_all_is_well_there_is_no_obstacle() -> None:
    assert diagnose(WELL) is None
    missing = diagnose(WELL, 1)
    assert missing is not None
    assert (missing.cause, missing.reason) == ("no-such-gpu", "there is no cuda:1 here; there is cuda:0")


@given(
    st.builds(
        CudaFacts,
        system=st.sampled_from(["Linux", "Windows", "Darwin"]),
        in_build=st.booleans(),
        built_for=st.none() | st.tuples(st.integers(11, 14), st.integers(0, 9)),
        card_seen=st.none() | st.booleans(),
        driver_found=st.booleans(),
        driver_status=st.sampled_from([0, 0, 3, 100, 800, 803, 999]),
        driver_cuda=st.none() | st.tuples(st.integers(11, 14), st.integers(0, 9)),
        gpus=st.sampled_from([(), (H200,), (H200, H200)]),
        visible=st.none() | st.text(max_size=3),
        library_error=st.sampled_from(["", "libcudnn.so.9", "libcufft.so.12"]),
    ),
    st.integers(0, 3),
)
@settings(deadline=None)
def test_without_an_obstacle_there_is_a_gpu_a_driver_and_a_build_for_it(facts: CudaFacts, number: int) -> None:
    if diagnose(facts, number) is None:
        assert facts.in_build and facts.driver_found and number < len(facts.gpus) and not facts.library_error


def test_the_report_times_what_is_used_and_gives_a_reason_where_it_is_not_the_gpu() -> None:
    told = report()
    used = next(row for row in told.rows if row.id == told.device)
    assert used.provider == told.provider
    assert used.milliseconds is not None and used.milliseconds > 0
    assert bool(told.reason) == bool(told.cause) == (told.provider == CPU)
    assert told.rows[0].id == "cpu" and told.cores >= told.threads >= 1
    assert told.versions["numpy"]
    assert type(told).model_validate_json(told.model_dump_json()) == told


def test_the_report_says_what_was_chosen() -> None:
    told = report("cpu")
    assert (told.device, told.provider, told.cause, told.reason) == ("cpu", CPU, "chosen", "You chose the processor.")
    far = report("cuda:99")
    assert (far.device, far.provider) == ("cpu", CPU)
    assert far.reason.startswith("Not on a GPU: ")
    with pytest.raises(GraphError):
        report("abacus")


def test_looking_at_the_device_loads_no_torch_and_prints_nothing() -> None:
    words = (
        "import sys; from trasluz.core.inference.devices import report; told = report();"
        "assert 'torch' not in sys.modules; sys.exit(0 if told.rows else 1)"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, timeout=120, check=True)
    assert done.stdout == b""


def test_what_was_compiled_in_is_no_proof() -> None:
    import onnxruntime as ort

    facts = look()
    assert facts.in_build == (CUDA in ort.get_available_providers())
    if not facts.gpus:
        assert diagnose(facts) is not None
