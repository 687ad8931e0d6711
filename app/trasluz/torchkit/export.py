"""From a torch module to one ONNX file, with a sentence where that fails."""

import io
import logging
import re
import warnings
from collections.abc import Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import torch
from torch import nn

from trasluz.api import FamilyError

OPSET = 18
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class ExportError(FamilyError):
    """A network that cannot be written as ONNX.

    Attributes:
        details: What the exporter said, for a bug report.
    """

    def __init__(self, sentence: str, details: str) -> None:
        super().__init__(sentence)
        self.details = details


def export(
    module: nn.Module,
    example: Sequence[Any],
    path: Path,
    *,
    inputs: Sequence[str],
    outputs: Sequence[str],
    dynamic: Mapping[str, Mapping[int, Any]] | None = None,
    keep_shapes: bool = True,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write `module` to `path` as one ONNX file with its weights inside, and check that it loads.

    Args:
        module: The network; it is exported in eval mode and left in the mode it was in.
        example: Example arguments of its `forward`. A dynamic axis should not be 0 or 1 long: torch would take
            that for its fixed size.
        path: The file.
        inputs: Names of the inputs, in the order of the arguments.
        outputs: Names of the outputs, in the order in which they are returned.
        dynamic: Input name → axis → its `torch.export.Dim` or its name.
        keep_shapes: Whether shapes of inner values stay in the file; a graph that will be quantised is better
            without (“Inferred shape and existing shape differ”).
        metadata: Facts for the file's `metadata_props`.

    Raises:
        ExportError: If it cannot be exported.
    """
    # Imported here: it brings onnxscript, a second and a half that a run which never exports should not pay.
    import onnx

    shapes = tuple(_axes((dynamic or {}).get(name)) for name in inputs) if dynamic else None
    training = {each: each.training for each in module.modules()}
    module.eval()
    said = io.StringIO()
    try:
        with _captured(said), torch.no_grad():
            program = torch.onnx.export(
                module,
                tuple(example),
                dynamo=True,
                opset_version=OPSET,
                input_names=list(inputs),
                output_names=list(outputs),
                dynamic_shapes=shapes,
                verbose=False,
            )
            assert program is not None  # only the old exporter returns nothing
            model = program.model_proto
    except Exception as error:
        raise ExportError(
            f"The network could not be written as ONNX ({_reason(error)}); this is a fault of the model "
            "family, please report it with the details.",
            f"{type(error).__name__}: {error}\n{said.getvalue()}",
        ) from error
    finally:
        for each, mode in training.items():
            each.training = mode
    _without_traces(model)
    if not keep_shapes:
        del model.graph.value_info[:]
    for name, value in (metadata or {}).items():
        entry = model.metadata_props.add()
        entry.key, entry.value = name, value
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))
    try:
        onnx.checker.check_model(str(path), full_check=keep_shapes)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        path.unlink(missing_ok=True)
        raise ExportError(
            f"The ONNX file “{path.name}” came out wrong; this is a fault of the model family, please report it.",
            f"{error}\n{said.getvalue()}",
        ) from error


def _axes(named: Mapping[int, Any] | None) -> dict[int, Any]:
    # torch takes a name for a Dim of that name; a Dim that is tied to another (4 * width) is given as it is.
    return {} if named is None else {axis: _dim(value) for axis, value in named.items()}


def _dim(value: Any) -> Any:
    return torch.export.Dim(value) if isinstance(value, str) else value


def _reason(error: BaseException) -> str:
    # The exporter wraps what went wrong in errors that only say in which of its steps it was.
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in _COLOURS.sub("", str(error)).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(".")


def _without_traces(model: Any) -> None:
    """Remove the exporter's own notes: they hold paths of this computer, and nobody's runtime reads them."""
    graph = model.graph
    for each in (graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        del each.metadata_props[:]
        each.ClearField("doc_string")
    for function in model.functions:
        for each in (function, *function.node, *function.value_info):
            del each.metadata_props[:]
            each.ClearField("doc_string")


@contextmanager
def _captured(said: io.StringIO):  # type: ignore[no-untyped-def]
    """Keep what the exporter prints: a failure writes the whole graph to the standard error."""
    handler = logging.StreamHandler(said)
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    before = [(each.propagate, list(each.handlers)) for each in loggers]
    for each in loggers:
        each.handlers, each.propagate = [handler], False
    try:
        with redirect_stderr(said), redirect_stdout(said), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for each, (propagate, handlers) in zip(loggers, before, strict=True):
            each.propagate, each.handlers = propagate, handlers
