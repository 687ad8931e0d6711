"""Smaller numbers: the graphs still take and give what they did, and the card says what was measured of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from inference_colours import WEIGHTS, ColourFamily
from onnx import TensorProto, helper, numpy_helper

from trasluz.api import ModelCard
from trasluz.core.data.index import Index
from trasluz.core.inference.export import ExportError, export, readme
from trasluz.core.inference.judge import judge
from trasluz.core.inference.model import OpenModel, read_card, sha256
from trasluz.core.inference.precision import PrecisionError, ReductionCancelled

SIDE = 32


def write_convolved(path: Path, *, channels: int = 32) -> None:
    """Image → resized by `axes` → two convolutions → mean → scores → softmax; as good as the mean colour."""
    rng = np.random.default_rng(0)
    spread = np.abs(rng.normal(0, 1, (channels, 3))).astype(np.float32)
    back = np.linalg.pinv(spread).astype(np.float32)  # (3, channels)
    constants = {
        "size": np.array([SIDE, SIDE], np.int64),
        "scale": np.array(255, np.float32),
        "spread": spread[:, :, None, None],
        "back": back[:, :, None, None],
        "w": WEIGHTS * 255,
    }
    nodes = [
        helper.make_node("Transpose", ["image"], ["turned"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["turned"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("Resize", ["x", "", "", "size"], ["square"], mode="linear", antialias=1, axes=[2, 3]),
        helper.make_node("Div", ["square", "scale"], ["levels"]),
        helper.make_node("Conv", ["levels", "spread"], ["many"], kernel_shape=[1, 1]),
        helper.make_node("Relu", ["many"], ["kept"]),
        helper.make_node("Conv", ["kept", "back"], ["three"], kernel_shape=[1, 1]),
        helper.make_node("GlobalAveragePool", ["three"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["mean"]),
        helper.make_node("Gemm", ["mean", "w"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "convolved",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", "h", "w", 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), str(path))


@pytest.fixture
def convolved(make: Callable[..., Any]) -> Path:
    """A finished model whose graph has something to quantise."""
    folder: Path = make()[0]
    write_convolved(folder / "main.onnx")
    card = read_card(folder)
    (graph,) = card.graphs
    sealed = graph.model_copy(update={"sha256": sha256(folder / graph.file)})
    (folder / "card.json").write_text(card.model_copy(update={"graphs": (sealed,)}).model_dump_json())
    return folder


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_the_card_says_what_the_smaller_graph_really_does(
    convolved: Path, family: ColourFamily, dataset: Index, tmp_path: Path, precision: str
) -> None:
    steps = list[Any]()
    out = export(convolved, family, tmp_path / "out", precision=precision, dataset=dataset, progress=steps.append)
    card = read_card(out, verify=True)
    assert card.precision == precision and card.parity is None and card.reduced is not None
    opened = OpenModel(out, family, "cpu")
    again = judge(opened.predictor, family, dataset)
    assert card.metrics == again.metrics
    assert card.reduced.score == card.metrics["accuracy"] and card.reduced.items == len(again.items)
    before = judge(OpenModel(convolved, family, "cpu").predictor, family, dataset)
    assert card.reduced.full_score == before.metrics["accuracy"] > 0.9
    assert abs(card.reduced.size - (out / "main.onnx").stat().st_size) < 4096, "but for the words in it"
    assert f"In {precision}" in card.reduced.warning or card.reduced.score >= card.reduced.full_score - 0.02
    assert opened.graph("main").metadata["trasluz.precision"] == precision
    text = (out / "README.md").read_text(encoding="utf-8")
    assert f"| | fp32 | {precision} |" in text and "PyTorch" not in text
    assert {f"Judging the model in {p}" for p in ("fp32", precision)} <= {step.stage for step in steps}
    kinds = {node.op_type for node in onnx.load(str(out / "main.onnx")).graph.node}
    assert ("QuantizeLinear" in kinds) == (precision == "int8")
    types = {c.data_type for c in onnx.load(str(out / "main.onnx")).graph.initializer}
    assert (TensorProto.FLOAT16 if precision == "fp16" else TensorProto.INT8) in types


def test_a_clear_loss_is_a_warning(convolved: Path, family: ColourFamily, dataset: Index, tmp_path: Path) -> None:
    class Strict(ColourFamily):
        """Judges the graph's type rather than its answers: what the smaller one answers counts as wrong."""

        def predictor(self, model: Any) -> Any:
            made = super().predictor(model)
            if model.card.precision != "fp32":
                real = made.interpret
                made.interpret = lambda s, o: real(s, {"probabilities": o["probabilities"][[1, 2, 0]]})  # type: ignore[method-assign]
            return made

    out = export(convolved, Strict(), tmp_path / "out", precision="fp16", dataset=dataset)
    card = read_card(out)
    assert card.reduced is not None
    assert "clearly worse" in card.reduced.warning
    assert card.reduced.warning in readme(card, family)


def test_what_cannot_be_made_smaller_is_a_sentence_and_leaves_nothing(
    make: Callable[..., Any], convolved: Path, family: ColourFamily, dataset: Index, tmp_path: Path
) -> None:
    def asked(model: Path, precision: str, **more: Any) -> Path:
        return export(model, family, tmp_path / "here" / "out", precision=precision, **more)

    with pytest.raises(ExportError, match="data is needed"):
        asked(convolved, "int8")
    with pytest.raises(ReductionCancelled):
        asked(convolved, "int8", dataset=dataset, cancelled=lambda: True)
    reduced = export(convolved, family, tmp_path / "int8", precision="int8", dataset=dataset)
    with pytest.raises(ExportError, match="int8 already"):
        asked(reduced, "fp16", dataset=dataset)
    assert read_card(export(reduced, family, tmp_path / "again", precision="int8")) == read_card(reduced)
    plain: Path = make()[0]  # its only weights give the answer
    with pytest.raises(PrecisionError, match="Nothing in"):
        asked(plain, "int8", dataset=dataset)
    assert not list((tmp_path / "here").iterdir())


def test_in_fp32_nothing_is_measured_or_changed(convolved: Path, family: ColourFamily, tmp_path: Path) -> None:
    out = export(convolved, family, tmp_path / "out")
    card: ModelCard = read_card(out)
    assert (card.precision, card.reduced) == ("fp32", None)
    assert (out / "main.onnx").read_bytes() == (convolved / "main.onnx").read_bytes()
