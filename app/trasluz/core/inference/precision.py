"""Smaller numbers in a model's graphs: half floats, or whole numbers of eight bits. What that costs is measured.

`int8` is static quantisation (Jacob et al., “Quantization and training of neural networks for efficient
integer-arithmetic-only inference”, CVPR 2018) by ONNX Runtime: weights to int8 with one scale for each channel,
activations to uint8 with the ranges that they took on items of the training data. `fp16` keeps inputs, outputs and what
is done to the input in float32. In both the graphs take and give what they did before.
"""

import contextlib
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trasluz.api import (
    DataError,
    Dataset,
    FamilyError,
    Graph,
    ModelCard,
    ModelFamily,
    Progress,
    Record,
    Reduced,
    Sample,
    Split,
    Steps,
)
from trasluz.core.versions import ONNX_RUNTIMES, installed

from .batch import BATCH
from .judge import Judgement, judge
from .model import OpenModel, read_card, sha256
from .stepping import PlainSteps

PRECISIONS = ("fp32", "fp16", "int8")
_CALIBRATED_ON = 128
"""Items whose activations give the ranges."""
_ROUNDS = 5
"""How often each of both is timed."""
_POINTS = 0.02
"""A loss beyond which a person is warned: 2 points of a fraction, the same share of a number without bounds."""
_WEIGHED = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul", "RNN", "GRU", "LSTM"})
"""Operators that multiply by weights: before the first of them is what is done to the input."""
_QUANTISED = frozenset({"Conv", "Gemm", "MatMul"})
_BETWEEN = frozenset({"Clip", "Relu", "Add"})
"""Operators that are quantised too where they stand behind quantised ones, so that no number goes to float and back."""

Reports = Callable[[Progress], None]
Cancels = Callable[[], bool]


class PrecisionError(FamilyError):
    """A model that cannot be had in a smaller precision, in one sentence."""


class ReductionCancelled(Exception):  # noqa: N818 - it is a request, not an error
    """Nobody waits for the reduced model any more."""


def reduce(
    model: Path,
    family: ModelFamily,
    dataset: Dataset,
    folder: Path,
    *,
    precision: str,
    device: str = "cpu",
    progress: Reports = lambda _step: None,
    cancelled: Cancels = lambda: False,
) -> ModelCard:
    """Replace the graphs in a copy of a model by reduced ones, measure both models, and return the card to write.

    Args:
        model: The model folder, in fp32.
        family: The model's family.
        dataset: What it learned from: the ranges come from its training part, the scores from the part that the model
            was judged on.
        folder: A whole copy of the model folder's files; its graphs are written over.
        precision: `fp16` or `int8`.
        device: Where both are measured.
        progress: Told of each stage.
        cancelled: Asked between items.

    Raises:
        PrecisionError: If a graph cannot be reduced.
        DataError: If the data cannot be read.
        ReductionCancelled: When cancelled.
    """
    card = read_card(model, verify=True)
    family = family.for_kind(card.kind)
    if precision not in family.precisions:
        raise PrecisionError(f"A model of the family “{family.title}” cannot be made {precision}. Export it in fp32.")
    dataset = family.arranged(dataset, card.settings)
    if card.precision != "fp32":
        raise PrecisionError(f"This model is {card.precision} already; export the model of the run itself.")
    split: Split = "train" if card.data.judged_on == "train" else "val"
    if not dataset.count(split):
        raise DataError(f"“{dataset.root}” has no items to judge the {precision} model by, so it is not exported.")
    full = OpenModel(model, family, device)
    chosen = _chosen(dataset, card.seed) if precision == "int8" else []
    for graph in card.graphs:
        source, target = model / graph.file, folder / graph.file
        progress(Progress(stage=f"Making {graph.file} {precision}", done=0, total=1))
        if precision == "int8":
            feeds = _feeds(full, family, dataset, chosen, graph.name, progress=progress, cancelled=cancelled)
            first = next(feeds, None)
            if first is not None:  # a graph that no answer needs (a view's) has no ranges, and stays as it is
                _to_int8(source, target, itertools.chain([first], feeds))
        else:
            _to_fp16(source, target)
        if cancelled():
            raise ReductionCancelled
    sealed = tuple(g.model_copy(update={"sha256": sha256(folder / g.file)}) for g in card.graphs)
    draft = card.model_copy(update={"graphs": sealed, "precision": precision, "parity": None})
    reduced = OpenModel(folder, family, device, card=draft)
    _check_ends(card, reduced)

    def measured(opened: OpenModel, stage: str) -> Judgement:
        found = judge(
            opened.predictor, family, dataset, splits=(split,), progress=progress, cancelled=cancelled, stage=stage
        )
        if cancelled():
            raise ReductionCancelled
        return found

    before = measured(full, "Judging the model in fp32")
    after = measured(reduced, f"Judging the model in {precision}")
    if len(after.items) < len(before.items):
        why = next((s.reason for s in after.skipped if s not in before.skipped), "")
        raise PrecisionError(f"In {precision} the model cannot answer every item: {why} Export it in fp32.")
    metrics = {name: value for name, value in after.metrics.items() if np.isfinite(value)}
    score, was = metrics.get(family.headline), before.metrics[family.headline]
    if score is None:
        raise PrecisionError(f"In {precision} the model's answers are not numbers any more. Export it in fp32.")
    was_time, time_now = _timed((full, reduced), dataset, split)
    facts = Reduced(
        score=score,
        full_score=was,
        items=len(after.items),
        size=_size(folder, card),
        full_size=_size(model, card),
        milliseconds=time_now,
        full_milliseconds=was_time,
        provider=after.provider,
        calibrated_on=len(chosen),
        warning=_warning(family, precision, score, was),
    )
    versions = card.versions | installed(*ONNX_RUNTIMES, "onnx")
    told = {"metrics": metrics, "interval": after.interval, "reduced": facts, "versions": versions}
    return draft.model_copy(update=told)


def _timed(models: Sequence[OpenModel], dataset: Dataset, split: Split) -> list[float]:
    """Milliseconds of each model for one item, the least of several rounds in turns: other programs disturb both."""
    samples: list[Sample] = []
    for record in dataset.records(split):
        with contextlib.suppress(DataError):
            samples.append(dataset.read(record))
        if len(samples) == BATCH:
            break
    least = [float("inf")] * len(models)
    for _ in range(_ROUNDS):
        for at, model in enumerate(models):
            start = time.perf_counter()
            model.predictor.outputs(samples)
            least[at] = min(least[at], (time.perf_counter() - start) * 1000 / len(samples))
    return least


def _warning(family: ModelFamily, precision: str, score: float, was: float) -> str:
    lost = was - score if family.higher_is_better else score - was
    allowed = 100 * _POINTS if family.headline in {"bleu", "chrf"} else _POINTS * max(1.0, abs(was))
    if lost <= allowed:
        return ""
    return (
        f"In {precision} the model is clearly worse: {family.headline} {score:.4g} instead of {was:.4g}. "
        "Use fp32 unless the size matters more."
    )


def _size(folder: Path, card: ModelCard) -> int:
    return sum((folder / graph.file).stat().st_size for graph in card.graphs)


def _check_ends(card: ModelCard, reduced: OpenModel) -> None:
    """See that each graph still takes and gives what its card says: scripts and programs are written for that."""
    for graph in card.graphs:
        found = reduced.graph(graph.name)
        for was, now in ((graph.inputs, found.inputs), (graph.outputs, found.outputs)):
            if [(s.name, s.dtype) for s in was] != [(s.name, s.dtype) for s in now]:
                raise PrecisionError(f"The reduced “{graph.file}” has other inputs or outputs; export it in fp32.")


# what the ranges are taken from


def _chosen(dataset: Dataset, seed: int) -> list[Record]:
    records = dataset.records("train")
    order = np.random.default_rng(seed).permutation(len(records))[:_CALIBRATED_ON]
    if not len(order):
        raise DataError(f"“{dataset.root}” has nothing to learn from, so the ranges for int8 cannot be found.")
    return [records[int(i)] for i in order]


class _Listening:
    """A graph that notes what it is fed: `trasluz.api.Graph`."""

    def __init__(self, graph: Graph, heard: list[dict[str, np.ndarray]]) -> None:
        self._graph, self._heard = graph, heard

    @property
    def inputs(self) -> Any:
        return self._graph.inputs

    @property
    def outputs(self) -> Any:
        return self._graph.outputs

    @property
    def provider(self) -> str:
        return self._graph.provider

    def run(self, feeds: Mapping[str, np.ndarray], wanted: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        self._heard.append(dict(feeds))
        return self._graph.run(feeds, wanted)

    def steps(self, feeds: Mapping[str, np.ndarray], *, back: Mapping[str, str], wanted: Sequence[str]) -> Steps:
        return PlainSteps(feeds, back, wanted, self.run)


class _Overheard:
    """A model one of whose graphs is listened to, whatever the family feeds it: `trasluz.api.LoadedModel`."""

    def __init__(self, model: OpenModel, name: str) -> None:
        self._model, self._name = model, name
        self.card, self.folder = model.card, model.folder
        self.heard: list[dict[str, np.ndarray]] = []

    def graph(self, name: str, *, at_once: int = 1) -> Graph:
        graph: Graph = self._model.graph(name, at_once=at_once)
        return _Listening(graph, self.heard) if name == self._name else graph


def _feeds(
    full: OpenModel,
    family: ModelFamily,
    dataset: Dataset,
    chosen: Sequence[Record],
    name: str,
    *,
    progress: Reports,
    cancelled: Cancels,
) -> Iterator[dict[str, np.ndarray]]:
    """What the family feeds one graph for each item, one after the other: photos of a camera are large."""
    overheard = _Overheard(full, name)
    predictor = family.for_kind(full.card.kind).predictor(overheard)
    any_read = False
    for done, record in enumerate(chosen):
        if cancelled():
            raise ReductionCancelled
        progress(Progress(stage="Finding the ranges", done=done, total=len(chosen), unit="items"))
        try:
            predictor.outputs([dataset.read(record)])
        except DataError:
            continue
        any_read = True
        yield from itertools.islice(overheard.heard, 8)  # a decoder runs once for each word; the first ones suffice
        overheard.heard.clear()
    if not any_read:
        raise DataError(f"None of the items in “{dataset.root}” can be read; give its place by --data.")


# the graphs


def _to_int8(source: Path, target: Path, feeds: Iterator[dict[str, np.ndarray]]) -> None:
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(feeds, None)

    graph = _prepared(source)
    names = _quantisable(graph.graph)
    if not names:
        raise PrecisionError(
            f"Nothing in “{source.name}” would become smaller by int8: its only weights are those that give the "
            "answer, which stay as they are. Export it in fp32."
        )
    with tempfile.TemporaryDirectory(prefix="trasluz-", ignore_cleanup_errors=True) as scratch:
        given, made = Path(scratch) / "given.onnx", Path(scratch) / "made.onnx"
        try:
            given.write_bytes(graph.SerializeToString())
            quantize_static(
                str(given),
                str(made),
                Reader(),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                op_types_to_quantize=sorted(_QUANTISED | _BETWEEN),
                nodes_to_quantize=names,
            )
            target.write_bytes(made.read_bytes())
        except (FamilyError, DataError, ReductionCancelled, OSError):
            raise
        except Exception as error:  # what it raises has no class in common
            raise PrecisionError(_refused(source, "int8", error)) from error


def _to_fp16(source: Path, target: Path) -> None:
    from onnxruntime.transformers.float16 import convert_float_to_float16

    graph = _prepared(source)
    kept = [n.name for n in itertools.takewhile(lambda n: n.op_type not in _WEIGHED, graph.graph.node)]
    try:
        made = convert_float_to_float16(graph, keep_io_types=True, node_block_list=kept)
        target.write_bytes(made.SerializeToString())
    except OSError:
        raise
    except Exception as error:  # what it raises has no class in common
        raise PrecisionError(_refused(source, "fp16", error)) from error


def _refused(source: Path, precision: str, error: Exception) -> str:
    said = " ".join(str(error).split())[:200] or type(error).__name__
    return f"“{source.name}” cannot be made {precision} ({said.rstrip('.')}). Export it in fp32."


def _prepared(source: Path) -> Any:
    """The graph as the converters can take it: each node named, no shapes noted, the size after a resize fixed."""
    import onnx

    model = onnx.load(str(source))
    del model.graph.value_info[:]  # what was noted of the float graph contradicts the reduced one
    for number, node in enumerate(model.graph.node):
        node.name = node.name or f"node_{number}"
    _pin_resized(model.graph)
    return model


def _pin_resized(graph: Any) -> None:
    """Say the size again behind each `Resize` with `axes`: ONNX Runtime loses it, and then finds the graph invalid."""
    from onnx import helper, numpy_helper

    constants = {c.name: c for c in graph.initializer}
    for node in list(graph.node):
        if node.op_type != "Resize" or len(node.input) < 4 or node.input[3] not in constants:
            continue
        axes = next((list(a.ints) for a in node.attribute if a.name == "axes"), None)
        if axes is None or axes != [2, 3]:
            continue
        sizes = numpy_helper.to_array(constants[node.input[3]])
        name, given = node.output[0], f"{node.output[0]}_resized"
        shape = np.array([0, 0, *sizes], np.int64)  # 0: as it is
        graph.initializer.append(numpy_helper.from_array(shape, f"{given}_shape"))
        node.output[0] = given
        at = next(i for i, other in enumerate(graph.node) if other is node or other.name == node.name) + 1
        graph.node.insert(at, helper.make_node("Reshape", [given, f"{given}_shape"], [name], name=f"{given}_pinned"))


def _quantisable(graph: Any) -> list[str]:
    """The nodes to quantise: those with weights save the last ones before an output, and what stands between them.

    The last ones give the answer itself: few numbers, whose rounding nothing after them evens out.
    """
    weights = {c.name for c in graph.initializer}
    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)

    def last(node: Any) -> bool:
        waiting, seen = [node], set[str]()
        while waiting:
            for name in waiting.pop().output:
                for reader in readers.get(name, ()):
                    if reader.op_type in _WEIGHED:
                        return False
                    if reader.name not in seen:
                        seen.add(reader.name)
                        waiting.append(reader)
        return True

    chosen, made = list[str](), set[str]()
    for node in graph.node:
        weighed = node.op_type in _QUANTISED and any(name in weights for name in node.input[1:]) and not last(node)
        data = [name for name in node.input if name and name not in weights]
        if weighed or (node.op_type in _BETWEEN and data and all(name in made for name in data)):
            chosen.append(node.name)
            made.update(node.output)
    return chosen if any(n.op_type in _QUANTISED and n.name in chosen for n in graph.node) else []
