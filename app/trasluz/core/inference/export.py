"""The folder that a person takes away: graphs, card, a README in plain words, and a script that runs them."""

import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from trasluz.api import Dataset, FamilyError, Kind, ModelCard, ModelFamily, Progress, Reduced
from trasluz.api.model import CARD_NAME
from trasluz.core.atomic import rename

from .doubt import ANSWERING_NAME, Answering
from .finish import sealed
from .model import read_card, write_card
from .precision import reduce

README, SCRIPT, LABELS = "README.md", "predict.py", "labels.txt"
_LISTED = 100
_PERCENT = frozenset({"accuracy", "macro_f1", "top5_accuracy", "cer", "wer", "exact_match", "token_error_rate"})


class ExportError(FamilyError):
    """An export that cannot be made, in one sentence."""


def export(
    model: Path,
    family: ModelFamily,
    out: Path,
    *,
    precision: str = "fp32",
    dataset: Dataset | None = None,
    progress: Callable[[Progress], None] = lambda _step: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Path:
    """Write the self-contained folder of a model, whole or not at all, and return it.

    Args:
        model: The model folder, as `find_model` gives it.
        family: The model's family, which writes the script.
        out: The folder to make; it may be there, but must be empty.
        precision: `fp32`, `fp16` or `int8`; a model that is reduced already is exported as it is.
        dataset: What the model learned from, which a reduced one is measured on; not needed for the model as it is.
        progress: Told of the reducing and the measuring.
        cancelled: Asked while reducing and measuring.

    Raises:
        ModelError: If the model folder is damaged.
        ExportError: If the folder cannot be written, or the model cannot be had in that precision.
        FamilyError: If a graph cannot be reduced.
        DataError: If the data for the measurement cannot be read.
        ReductionCancelled: When cancelled while reducing or measuring; nothing is written then.
    """
    card = read_card(model, verify=True)
    family = family.for_kind(card.kind)
    if card.precision not in ("fp32", precision):
        raise ExportError(f"This model is {card.precision} already; export {precision} from the run that made it.")
    if precision != card.precision and dataset is None:
        raise ExportError(f"To export the model as {precision} its data is needed, to measure what that costs.")
    answering = Answering.read(model)
    script = family.script(card)
    out = Path(out).expanduser().absolute()
    _check_free(out, model)
    part = out.with_name(f".{out.name[:100]}.{secrets.token_hex(4)}.tmp")
    try:
        part.mkdir(parents=True)
        try:
            for file in dict.fromkeys([*(g.file for g in card.graphs), *card.files.values()]):
                (part / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(model / file, part / file)
            if dataset is not None and precision != card.precision:
                card = reduce(model, family, dataset, part, precision=precision, progress=progress, cancelled=cancelled)
                card = sealed(part, card.model_copy(update={"private": {}}))
            write_card(part, card.model_copy(update={"private": {}}))
            if card.labels:
                _write(part / LABELS, "".join(f"{label}\n" for label in card.labels))
            if answering.unsure_below is not None:
                shutil.copyfile(model / ANSWERING_NAME, part / ANSWERING_NAME)
            _write(part / SCRIPT, script)
            _write(part / README, readme(card, family, answering))
            if out.exists():
                out.rmdir()
            rename(part, out)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise ExportError(
            f"The model could not be exported to “{out}”: {error.strerror or error}. "
            "Choose another folder, or make room for it."
        ) from error
    return out


def readme(card: ModelCard, family: ModelFamily, answering: Answering | None = None) -> str:
    """The model card in plain words, as Markdown."""
    lines = [
        f"# {_line(card.title)}",
        "",
        f"{_line(family.title)}: {_line(family.sentence)} Trained with Trasluz on {card.created:%Y-%m-%d}.",
        "",
        "## How good it is",
        "",
        *_score(card),
        *_parity(card),
        *_reduced(card),
        "## What it learned from",
        "",
        f"“{_line(card.data.name)}” ({card.data.kind}): {card.data.train:,} items to learn from, {card.data.val:,} to "
        f"choose and judge by, {card.data.test:,} kept for a test. On other kinds of input its answers mean little, "
        "however sure they sound.",
        "",
        *_labels(card),
        *_doubt(answering),
        "## How to run it",
        "",
        "Python and these packages suffice; Trasluz is not needed.",
        "",
        "```",
        f"pip install {' '.join(_needed(card))}",
        f"python {SCRIPT} INPUT…",
        "```",
        "",
        f"`{CARD_NAME}` holds labels, preprocessing, scores, settings and versions as data. The same stands in the "
        "metadata of each ONNX file, so that a file that went astray still explains itself.",
        "",
        *_graphs(card),
        "## How it was made",
        "",
        *(f"- {name.replace('_', ' ')}: {value}" for name, value in card.settings.items() if value is not None),
        f"- time: {card.seconds:.0f} s",
        *(f"- {name} {version}" for name, version in card.versions.items()),
        "",
        "## Licence",
        "",
        f"Pretrained weights: {card.licence}." if card.licence else "No pretrained weights of others are in it.",
        "What you may do with the model also depends on the data that it learned from.",
        "",
    ]
    return "\n".join(lines)


def _check_free(out: Path, model: Path) -> None:
    try:
        taken = out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir())))
        inside = out.resolve().is_relative_to(model.resolve())
    except (OSError, ValueError) as error:
        raise ExportError(f"“{out}” cannot be looked into: {getattr(error, 'strerror', None) or error}.") from error
    if taken:
        raise ExportError(f"“{out}” is there already and is not empty; choose a new folder.")
    if inside:
        raise ExportError(f"“{out}” lies inside the model itself; choose a folder elsewhere.")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _score(card: ModelCard) -> list[str]:
    score = card.metrics.get(card.headline)
    if score is None:
        return ["Its score is not known.", ""]
    judged = {"train": "the items it learned from, as there were no others (expect less on new ones)"}.get(
        card.data.judged_on, "items it did not learn from"
    )
    count = {"train": card.data.train, "test": card.data.test}.get(card.data.judged_on, card.data.val)
    between = ""
    if card.interval:
        low, high = _figure(card.headline, card.interval.low), _figure(card.headline, card.interval.high)
        between = f", with 95 % confidence between {low} and {high} ({card.interval.method})"
    lines = [f"On {count:,} {judged}: **{card.headline} {_figure(card.headline, score)}**{between}.", ""]
    others = [f"- {name}: {_figure(name, value)}" for name, value in card.metrics.items() if name != card.headline]
    return [*lines, *others, ""] if others else lines


def _parity(card: ModelCard) -> list[str]:
    if card.parity is None:
        return []
    parity = card.parity
    return [
        f"These are the figures of the ONNX files in this folder. On {parity.items:,} items they were held against "
        f"the network as PyTorch trained it: the largest difference of any output was {parity.max_abs_diff:.1e} "
        f"({parity.tolerance:.0e} is allowed), and {card.headline} was {_figure(card.headline, parity.pytorch_score)} "
        f"by PyTorch and {_figure(card.headline, parity.onnx_score)} by ONNX Runtime.",
        "",
    ]


def _reduced(card: ModelCard) -> list[str]:
    if card.reduced is None:
        return []
    cost = card.reduced
    warning = [f"**{_line(cost.warning)}**", ""] if cost.warning else []
    return [
        f"The numbers in its graphs are {card.precision}, and the figures above are those of these graphs. In fp32, on "
        f"the same {cost.items:,} items: {card.headline} {_figure(card.headline, cost.full_score)}.",
        "",
        "| | fp32 | " + card.precision + " |",
        "| --- | --- | --- |",
        f"| {card.headline} | {_figure(card.headline, cost.full_score)} | {_figure(card.headline, cost.score)} |",
        f"| size of the graphs | {_size(cost.full_size)} | {_size(cost.size)} |",
        f"| time of the model for one item ({cost.provider}) | {cost.full_milliseconds:.3g} ms "
        f"| {cost.milliseconds:.3g} ms |",
        "",
        *_how_reduced(card.precision, cost),
        *warning,
    ]


def _how_reduced(precision: str, cost: Reduced) -> list[str]:
    if precision == "int8":
        return [
            f"Weights are int8 (a scale for each channel), activations uint8; their ranges come from "
            f"{cost.calibrated_on:,} items that it learned from. The layers that give the answer stayed in fp32.",
            "",
        ]
    return ["Inputs, outputs and what is done to the input stayed in fp32.", ""]


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.0f} kB"


def _needed(card: ModelCard) -> list[str]:
    """The packages that the script imports."""
    needed = ["onnxruntime", "numpy"]
    if card.kind.startswith("image") or card.kind == Kind.HANDWRITING:
        needed.append("pillow")
    if any(name.endswith("tokenizer.json") for name in card.files.values()):
        needed.append("tokenizers")
    return needed


def _labels(card: ModelCard) -> list[str]:
    if not card.labels:
        return []
    shown = ", ".join(_line(label) for label in card.labels[:_LISTED])
    more = f" and {len(card.labels) - _LISTED} more" if len(card.labels) > _LISTED else ""
    return [f"It answers with one of {len(card.labels)} classes: {shown}{more} (`{LABELS}`, in the graphs' order).", ""]


def _doubt(answering: Answering | None) -> list[str]:
    if answering is None or answering.unsure_below is None:
        return []
    return [
        f"An answer with a confidence below {answering.unsure_below:.4g} counts as “don't know”: whoever trained it "
        f"chose so. The number is in `{ANSWERING_NAME}`; `{SCRIPT}` keeps to it. Delete that file to have every "
        "input answered.",
        "",
    ]


def _graphs(card: ModelCard) -> list[str]:
    rows = ["| file | | name | type | shape |", "| --- | --- | --- | --- | --- |"]
    for graph in card.graphs:
        for direction, specs in (("in", graph.inputs), ("out", graph.outputs)):
            for spec in specs:
                shape = " × ".join("any" if d is None else str(d) for d in spec.shape)
                rows.append(f"| `{graph.file}` | {direction} | `{spec.name}` | {spec.dtype} | {shape} |")
    return [*rows, ""]


def _figure(name: str, value: float) -> str:
    return f"{value:.1%}" if name in _PERCENT else f"{value:.4g}"


def _line(text: str) -> str:
    return " ".join(text.split())
