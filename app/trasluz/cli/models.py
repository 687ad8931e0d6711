"""Commands about trained models: `evaluate`, `predict`, `explain`, `export`."""

import argparse
import json
from pathlib import Path
from typing import Any

from trasluz.cli.output import CommandError, Output
from trasluz.core.statuses import BAD_DATA, USAGE

_WORST = 5
"""Items with their errors that are shown."""


def evaluate(parsed: argparse.Namespace, output: Output) -> None:
    """Score an ONNX model on labelled data."""
    from trasluz.host.service import Service

    result = Service().evaluate(
        model=parsed.model,
        data=parsed.data,
        split=parsed.split,
        device=parsed.device,
        progress=output.progress,
    )
    result.pop("judgement", None)
    output.document(result)
    interval = result.get("interval")
    for name, value in result["metrics"].items():
        between = ""
        if interval and name == result["headline"]:
            between = f"   between {interval['low']:.4f} and {interval['high']:.4f} (95 %)"
        output.line(f"{name:16} {value:.4f}{between}")
    output.line(
        f"{result['items']:,} items ({result['split'] or 'all'}) by {result['provider']}, "
        f"{result['items_per_second']:.0f} a second"
    )
    if "unsure" in result:
        output.line(_kept(result["unsure"], result["items"]))
    for note in result.get("notes", ()):
        output.line(note)
    for row in [row for row in result.get("errors", ()) if row["errors"]][:_WORST]:
        counted = ", ".join(f"{row[name]} {name}" for name in ("substitutions", "insertions", "deletions") if row[name])
        output.line(f"{row['file']}: {counted}: “{row['text']}” for “{row['target']}”")
    for skipped in result["skipped"]:
        output.say(f"Set aside: {skipped['file']}: {skipped['reason']}")


def predict(parsed: argparse.Namespace, output: Output) -> None:
    """Answer each input; a table with `--out`."""
    from trasluz.host.service import Service

    service = Service()
    if parsed.out:
        rows = service.predict_folder(
            model=parsed.model,
            inputs=parsed.inputs,
            out=parsed.out,
            device=parsed.device,
            progress=output.progress,
        )
        output.document(rows["predictions"])
        output.line(
            f"{rows['rows']:,} answers are in {rows['out']}"
            + (f"; {rows['errors']:,} inputs could not be read" if rows["errors"] else "")
        )
        _check_answered(rows["predictions"])
        return
    found = service.predict(
        model=parsed.model,
        inputs=parsed.inputs,
        texts=parsed.text,
        device=parsed.device,
        progress=output.progress,
    )["predictions"]
    output.document(found)
    for row in found:
        if row.get("error"):
            output.line(f"{row['input']}: {row['error']}")
            continue
        score = f"  {row['score']:.1%}" if row.get("score") is not None else ""
        others = ", ".join(f"{label} {value:.1%}" for label, value in row.get("top", [])[1:3])
        said = f"don't know, perhaps {row['text']}" if row.get("unsure") else row["text"]
        output.line(f"{row['input']}: {said}{score}" + (f"   ({others})" if others else ""))
    _check_answered(found)


def _check_answered(rows: list[dict[str, Any]]) -> None:
    """Some inputs without an answer are part of the work; none with one is a failure that a script has to see."""
    if rows and all(row.get("error") for row in rows):
        some = f"None of the {len(rows):,} inputs could be answered. " if len(rows) > 1 else ""
        raise CommandError(some + rows[0]["error"], status=BAD_DATA)


def threshold(parsed: argparse.Namespace, output: Output) -> None:
    """Show or choose when a model says “don't know”; kept beside the model."""
    from trasluz.core.inference.doubt import Answering, RiskCoverage, kept_as_json
    from trasluz.core.inference.judge import Judgement
    from trasluz.core.inference.model import find_model

    folder = find_model(Path(parsed.model))
    judged = folder.parent / "judgement.json"
    curve = RiskCoverage.of(Judgement.load(judged).items) if judged.is_file() else None
    if parsed.at is not None:
        if not 0 <= parsed.at <= 1:
            raise CommandError(f"A confidence lies between 0 and 1, and {parsed.at:g} does not.", status=USAGE)
        Answering(unsure_below=parsed.at).write(folder)
    elif parsed.off:
        Answering().write(folder)
    elif parsed.accuracy is not None or parsed.coverage is not None:
        Answering(unsure_below=_read_off(curve, parsed, folder)).write(folder)
    below = Answering.read(folder).unsure_below
    kept = None if curve is None or below is None else kept_as_json(below, curve.at(below))
    output.document({"model": str(folder), "unsure_below": below, "unsure": kept, "items": curve.size if curve else 0})
    if below is None:
        output.line("It answers every input.")
    else:
        output.line(_kept(kept, curve.size) if kept and curve else f"It says “don't know” below {below:.4g}.")


def _read_off(curve: Any, parsed: argparse.Namespace, folder: Path) -> float:
    """The threshold that gives a wished accuracy or coverage on the items that the model was judged by."""
    wished = parsed.coverage if parsed.accuracy is None else parsed.accuracy
    if not 0 <= wished <= 1:
        raise CommandError(f"Give a share between 0 and 1, such as 0.95; {wished:g} is none.", status=USAGE)
    if curve is None:
        raise CommandError(
            f"“{folder}” has no judgement beside it, so only --at can be given; the folder of its run has one."
        )
    found = curve.threshold_for(wished) if parsed.accuracy is not None else curve.threshold_for_coverage(wished)
    if found is None:
        raise CommandError(f"At no threshold are {wished:.1%} of the answers right; ask for less.")
    return float(found)


def _kept(told: dict[str, Any], total: int) -> str:
    """What a threshold leaves, in words."""
    share = "" if told["accuracy"] is None else f", and {told['accuracy']:.1%} of those answers are right"
    return (
        f"It says “don't know” below {told['below']:.4g}: {told['answered']:,} of {total:,} are answered "
        f"({told['coverage']:.1%}){share}."
    )


def explain(parsed: argparse.Namespace, output: Output) -> None:
    """Make a view of one input and save it as a picture or as data."""
    from trasluz.host.service import Service

    service = Service()
    offered = service.views(model=parsed.model)
    if parsed.view == "list":
        output.document(offered)
        for view in offered:
            output.line(f"{view['id']}: {view['title']}. {view['sentence']}")
            if view["choices"]:
                output.line(f"  --choice {' | '.join(view['choices'])}")
        return
    if parsed.view not in {view["id"] for view in offered}:
        raise CommandError(
            f"This model has no view “{parsed.view}”; it has {', '.join(v['id'] for v in offered) or 'none'}.",
            status=USAGE,
        )
    if parsed.input is None:
        raise CommandError("Which input shall be explained? Give a file after the model.", status=USAGE)
    if parsed.out:
        check_place(Path(parsed.out), parsed.input)
    view = service.explain(
        model=parsed.model,
        input=parsed.input,
        view=parsed.view,
        choice=parsed.choice,
        text=parsed.text,
        device=parsed.device,
    )["view"]
    if parsed.out:
        save_view(view, Path(parsed.out))
        output.line(f"Saved as {parsed.out}")
        output.document({"view": parsed.view, "out": parsed.out})
    else:
        output.document(_listed(view))
        if not output.as_json:
            print(json.dumps(_listed(view), ensure_ascii=False))


def export(parsed: argparse.Namespace, output: Output) -> None:
    """Write the self-contained folder."""
    from trasluz.host.service import Service

    result = Service().export(
        model=parsed.model,
        out=parsed.out,
        precision=parsed.precision,
        data=parsed.data,
        progress=output.progress,
    )
    output.document(result)
    output.line(f"Exported to {result['folder']}:")
    for name in result["files"]:
        output.line(f"  {name}")
    cost = result["reduced"]
    if cost is None:
        return
    output.table(
        [
            ("fp32", f"{cost['full_score']:.4f}", f"{cost['full_size'] / 1e6:.2f}", f"{cost['full_milliseconds']:.3g}"),
            (result["precision"], f"{cost['score']:.4f}", f"{cost['size'] / 1e6:.2f}", f"{cost['milliseconds']:.3g}"),
        ],
        header=("", result["headline"], "MB", "ms an item"),
    )
    output.line(f"Measured on the same {cost['items']:,} items by {cost['provider']}.")
    if cost["warning"]:
        output.say(cost["warning"])


def check_place(at: Path, given: str) -> None:
    """See that the view can be saved there, and costs nobody a photo, before any work is done."""
    if at.suffix.lower() not in (".json", ".png"):
        raise CommandError(
            f"“{at.suffix or at.name}” is not a kind of picture known here: give .png or .json.", status=USAGE
        )
    if at.exists() and Path(given).exists() and at.samefile(given):
        raise CommandError(f"“{at}” is the input itself; give another name for what is seen in it.", status=USAGE)
    if not at.absolute().parent.is_dir():
        raise CommandError(f"There is no folder “{at.absolute().parent}”; make it, or choose another place.")


def save_view(view: dict[str, Any], at: Path) -> None:
    """Save a view as a picture or as data; raises `CommandError` where that cannot be."""
    try:
        _write_view(view, at)
    except OSError as error:
        raise CommandError(
            f"“{at}” cannot be written: {error.strerror or error}. Choose another place, or make room for it."
        ) from error


def _write_view(view: dict[str, Any], at: Path) -> None:
    if at.suffix.lower() == ".json":
        from trasluz.core.atomic import write_whole

        write_whole(at, json.dumps(_listed(view), ensure_ascii=False))
        return
    import os

    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # a picture needs no screen
    from trasluz.api import view_from_json
    from trasluz.ui.views import render

    render(view_from_json(view), at)


def _listed(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, dict):
        return {k: _listed(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_listed(v) for v in value]
    return value
