"""The folder that a person takes away: graphs, card, a README in plain words, and a script that runs them."""

import secrets
import shutil
from pathlib import Path

from trasluz.api import DataError, FamilyError, ModelCard, ModelFamily
from trasluz.api.model import CARD_NAME
from trasluz.core.runs.atomic import rename

from .model import read_card

README, SCRIPT = "README.md", "predict.py"


def export(model: Path, family: ModelFamily, out: Path, *, precision: str = "fp32") -> Path:
    """Write the self-contained folder of a model, whole or not at all, and return it.

    Args:
        model: The model folder.
        family: The model's family, which writes the script.
        out: The folder to make; it may be there, but must be empty.
        precision: `fp32`.

    Raises:
        DataError: If the model cannot be read or the folder cannot be written.
        FamilyError: If the model cannot be had in that precision.
    """
    if precision != "fp32":
        raise FamilyError(f"This model can be exported as fp32, not as {precision}: leave the precision out.")
    out = Path(out).expanduser().absolute()
    card = read_card(model)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"“{out}” is there already and not empty; choose a new folder.")
    temporary = out.with_name(f".{out.name}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.mkdir(parents=True)
        for file in [*(g.file for g in card.graphs), *card.files.values(), CARD_NAME]:
            (temporary / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(model / file, temporary / file)
        (temporary / README).write_text(readme(card, family), encoding="utf-8")
        (temporary / SCRIPT).write_text(family.script(card), encoding="utf-8")
        if out.exists():
            out.rmdir()
        rename(temporary, out)
    except OSError as error:
        raise DataError(f"The export to “{out}” failed: {error.strerror or error}. Choose another folder.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return out


def readme(card: ModelCard, family: ModelFamily) -> str:
    """The model card in plain words."""
    score = card.metrics.get(card.headline)
    between = (
        f" (between {card.interval.low:.4f} and {card.interval.high:.4f}, {card.interval.method})"
        if card.interval
        else ""
    )
    lines = [
        f"# {card.title}",
        "",
        f"A model of the family *{family.title}*, trained with Trasluz on {card.created:%d %B %Y}.",
        "",
        "## How good it is",
        "",
        f"On {card.data.val:,} items that it never learned from: **{card.headline} "
        f"{'unknown' if score is None else f'{score:.4f}'}**{between}.",
        *(f"- {name}: {value:.4f}" for name, value in card.metrics.items() if name != card.headline),
        "",
        *_parity(card),
        "## What it learned from",
        "",
        f"“{card.data.name}”: {card.data.train:,} items to learn from, {card.data.val:,} to judge by. "
        "It knows nothing else: on other kinds of input its answers mean little, however sure they sound.",
        *([f"It answers with one of {len(card.labels)} classes: {', '.join(card.labels)}."] if card.labels else []),
        "",
        "## How to run it",
        "",
        "```",
        "pip install onnxruntime numpy pillow" if card.kind.startswith("image") else "pip install onnxruntime numpy",
        f"python {SCRIPT} INPUT",
        "```",
        "",
        f"`{CARD_NAME}` holds labels, preprocessing, scores, settings and versions as data; the same stands in each "
        "ONNX file's metadata.",
        "",
        *_graphs(card),
        "## Licence",
        "",
        card.licence or "No pretrained weights of others are in it.",
        "What you may do with it also depends on the data that you trained it on.",
        "",
    ]
    return "\n".join(lines)


def _parity(card: ModelCard) -> list[str]:
    if card.parity is None:
        return []
    return [
        f"The figures are the ONNX file's own. On {card.parity.items:,} items its outputs and PyTorch's are at most "
        f"{card.parity.max_abs_diff:.1e} apart.",
        "",
    ]


def _graphs(card: ModelCard) -> list[str]:
    rows = ["| graph | | name | type | shape |", "| --- | --- | --- | --- | --- |"]
    for graph in card.graphs:
        for direction, specs in (("in", graph.inputs), ("out", graph.outputs)):
            rows += [
                f"| {graph.file} | {direction} | `{s.name}` | {s.dtype} | {', '.join(str(d) for d in s.shape)} |"
                for s in specs
            ]
    return [*rows, ""]
