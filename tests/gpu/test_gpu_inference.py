"""On a machine with an NVIDIA GPU: the provider is the one that is claimed, and its answers are the CPU's."""

import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from trasluz.core.inference.cuda import CPU, CUDA, diagnose, look
from trasluz.core.inference.devices import report
from trasluz.core.inference.session import OnnxGraph

pytestmark = pytest.mark.gpu


@pytest.fixture
def gpu() -> None:
    """A GPU that the driver offers, whether or not ONNX Runtime can use it."""
    if not look().gpus:
        obstacle = diagnose(look())
        pytest.skip(f"no GPU: {obstacle.reason if obstacle else 'the driver offers none'}")


@pytest.fixture
def cuda(gpu: None) -> None:
    """A GPU that ONNX Runtime has everything for."""
    obstacle = diagnose(look())
    if obstacle is not None:
        pytest.skip(f"ONNX Runtime cannot use the GPU: {obstacle.reason}")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of any number and size → two outputs, by convolutions that cuDNN computes."""
    made = tmp_path_factory.mktemp("graph") / "network.onnx"
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((32, 3, 3, 3)), rng.standard_normal((32, 32, 3, 3)) / 12
    nodes = [
        helper.make_node("Transpose", ["image"], ["chw"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["chw"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["x", "scale"], ["scaled"]),
        helper.make_node("Conv", ["scaled", "first"], ["c1"], kernel_shape=[3, 3]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Conv", ["r1", "second"], ["maps"], kernel_shape=[3, 3]),
        helper.make_node("GlobalAveragePool", ["maps"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["features"]),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", "h", "w", 3])],
        [
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 32]),
            helper.make_tensor_value_info("maps", TensorProto.FLOAT, ["n", 32, "y", "x_"]),
        ],
        [
            numpy_helper.from_array(first.astype(np.float32), "first"),
            numpy_helper.from_array(second.astype(np.float32), "second"),
            numpy_helper.from_array(np.array(1 / 255, np.float32), "scale"),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), str(made))
    return made


def test_the_report_agrees_with_the_driver_and_with_a_session(gpu: None, path: Path) -> None:
    told = report()
    assert [row.name for row in told.rows[1:]] == [each.name for each in look().gpus]
    assert told.provider == OnnxGraph(path).provider
    if told.provider == CUDA:
        assert (told.device, told.reason, told.remedy) == ("cuda:0", "", "")
        row = told.rows[1]
        assert row.milliseconds is not None and row.difference is not None and row.difference < 1e-3
        assert row.memory and row.memory > 1 << 30
    else:
        assert told.reason and told.remedy and told.cause
        assert told.rows[1].reason


def test_the_session_is_on_the_gpu_and_says_so(cuda: None, path: Path) -> None:
    for device in ("auto", "cuda", "cuda:0"):
        graph = OnnxGraph(path, device)
        assert (graph.provider, graph.device, graph.reason) == (CUDA, "cuda:0", "")
    assert OnnxGraph(path, "cpu").provider == CPU
    beyond = OnnxGraph(path, f"cuda:{len(look().gpus)}")
    assert beyond.provider == CPU
    assert "there is no" in beyond.reason


def test_bound_inputs_and_outputs_give_what_the_cpu_gives(cuda: None, path: Path) -> None:
    on_gpu, on_cpu = OnnxGraph(path, "cuda"), OnnxGraph(path, "cpu")
    rng = np.random.default_rng(2)
    for shape in ((1, 64, 64, 3), (7, 33, 80, 3), (1, 224, 300, 3), (32, 64, 64, 3)):
        image = rng.integers(0, 255, shape, np.uint8)
        ours, theirs = on_gpu.run({"image": image}), on_cpu.run({"image": image})
        assert list(ours) == list(theirs) == ["features", "maps"]
        for name in ours:
            # fp32 throughout: with TF32 the difference would be a thousand times larger
            np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-4, atol=1e-5)
    assert list(on_gpu.run({"image": image}, ["maps"])) == ["maps"]
    np.testing.assert_array_equal(on_gpu.run({"image": image})["features"], on_gpu.run({"image": image})["features"])


def test_bound_runs_own_their_memory(cuda: None, path: Path) -> None:
    graph = OnnxGraph(path, "cuda")
    first = graph.run({"image": np.zeros((1, 16, 16, 3), np.uint8)})["features"]
    kept = first.copy()
    for value in range(1, 20):
        graph.run({"image": np.full((1, 16, 16, 3), value * 10, np.uint8)})
    np.testing.assert_array_equal(first, kept)


def test_new_sizes_cost_no_search(cuda: None, path: Path) -> None:
    graph = OnnxGraph(path, "cuda")
    assert graph.warm_up()
    start = time.perf_counter()
    for width in range(40, 140):
        graph.run({"image": np.zeros((1, 64, width, 3), np.uint8)}, ["features"])
    assert time.perf_counter() - start < 5.0  # an exhaustive search takes a good part of a second for each
