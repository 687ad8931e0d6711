"""The command `advise`: where data stands in the strategy table and, on request, what all four strategies give."""

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trasluz.api import Advice, Axis, DataError
from trasluz.cli.output import CommandError, Output, duration
from trasluz.cli.training import Narrator, check_settings_words, existing, given_settings
from trasluz.core.statuses import FAILED, OK, STOPPED, USAGE


def advise(parsed: argparse.Namespace, output: Output) -> int:
    """Measure both axes and say which settings go with them; with `--try`, train every cell and compare."""
    from trasluz.host.service import Service

    if not parsed.try_all and (parsed.out or parsed.minutes):
        raise CommandError("--out and --minutes go with --try, which trains every strategy.", status=USAGE)
    data, settings = existing(parsed.data), given_settings(parsed.set)
    service = Service()
    found = service.advise(
        data=str(data),
        family=parsed.family,
        settings=settings,
        seed=parsed.seed,
        device=parsed.device,
        progress=output.progress,
    )
    advice = Advice.from_json(found)
    _print(output, found, advice)
    status = OK
    if parsed.try_all:
        common = {**settings, "seed": parsed.seed, **({"minutes": parsed.minutes} if parsed.minutes else {})}
        with contextlib.ExitStack() as stack:
            place = _place(parsed.out, data, stack)
            trials, status = _try(output, place, found, common=common, device=parsed.device)
            found["trials"] = trials
            found["verdict"] = verdict(trials)
            _print_trials(output, trials, found["verdict"])
            if parsed.out:
                output.line(f"The runs are in {place}")
    output.document(found)
    return status


def _print(output: Output, found: Mapping[str, Any], advice: Advice) -> None:
    table = advice.table
    for axis in (table.down, table.across):
        output.line(f"{axis.title}: {_axis(axis)}")
    output.line()
    rows = []
    for row, half in enumerate((table.down.low, table.down.high)):
        marks = ["→ " if 2 * row + column == advice.cell else "  " for column in (0, 1)]
        cells = (f"{mark}{table.cells[2 * row + column].title}" for column, mark in enumerate(marks))
        rows.append((half, *cells))
    output.table(rows, header=("", f"  {table.across.low}", f"  {table.across.high}"))
    output.line()
    output.line(advice.sentence)
    asked = " ".join(f"--set {name}={value}" for name, value in advice.advised.items())
    output.line(f"trasluz train {found['family']} {found['data']} --out DIR {asked}")
    for note in found["notes"]:
        output.say(note)


def _axis(axis: Axis) -> str:
    if axis.value is None:
        return f"not measured. {axis.sentence}"
    return f"{axis.value:.4g} {axis.unit}".strip() + f": {axis.word} ({axis.high} from {axis.threshold:g} on)"


def _place(out: str | None, data: Path, stack: contextlib.ExitStack) -> Path:
    if out is None:
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trasluz-advise-")))
    place = Path(out).expanduser().resolve()
    if place.is_relative_to(data):
        raise CommandError(
            f"{place} lies inside the data, where it would be taken for a class; choose a folder elsewhere.",
            status=USAGE,
        )
    return place


def _try(
    output: Output,
    place: Path,
    found: Mapping[str, Any],
    *,
    common: Mapping[str, Any],
    device: str,
) -> tuple[list[dict[str, Any]], int]:
    """Train the cells one after another, as ordinary runs that share the cache; what is finished is not done again."""
    from trasluz.core.runs.folder import RunFolder
    from trasluz.core.runs.request import RunRequest
    from trasluz.host.run import execute_run

    advice, data, family = Advice.from_json(found), str(found["data"]), str(found["family"])
    asked = [{**common, **settings} for settings in advice.settings]
    for settings in asked:
        check_settings_words(family, settings, device)
    trials, worst = [], OK
    for cell, (settings, own) in enumerate(zip(asked, advice.settings, strict=True)):
        at = place / "-".join(str(value) for value in own.values())
        if RunFolder.is_one(at):
            run = RunFolder(at)
            if run.request.data != data or run.request.settings != settings:
                raise CommandError(f"There is another run in {at}: choose another folder for --out.", status=USAGE)
        else:
            request = RunRequest.new(family=family, data=data, settings=settings, device=device, name=at.name)
            try:
                run = RunFolder.create(at, request)
            except DataError as error:
                raise CommandError(str(error)) from error  # the fault is the place's, not the data's
        output.say(f"{cell + 1} of {len(asked)}: {advice.table.cells[cell].title}")
        narrator = Narrator(output, finished=False)
        with contextlib.redirect_stdout(sys.stderr):  # what a plugin prints is no part of the answer
            status = execute_run(run.path, emit_also=narrator)
        trials.append(_trial(run.path, cell, advice, failed=narrator.failure))
        if status == STOPPED or run.stopped_early():
            return trials, STOPPED
        worst = worst if status == OK else FAILED
    return trials, worst


def _trial(run: Path, cell: int, advice: Advice, *, failed: str) -> dict[str, Any]:
    from trasluz.core.runs.history import summarise

    found = summarise(run)
    made: dict[str, Any] = {
        "cell": advice.named(cell),
        "title": advice.table.cells[cell].title,
        "settings": dict(advice.settings[cell]),
        "advised": cell == advice.cell,
        "run": str(run),
        "state": str(found.state),
    }
    if found.score is None:
        return {**made, "error": found.sentence or failed or "It came to no model."}
    size = sum(file.stat().st_size for file in (run / "model").glob("*.onnx"))
    return {
        **made,
        "metric": found.headline,
        found.headline: found.score,
        "score": found.score,
        "low": found.low,
        "high": found.high,
        "seconds": found.seconds,
        "megabytes": round(size / 1e6, 4),
    }


def verdict(trials: list[dict[str, Any]]) -> str:
    """Say in a sentence whether the trials agree with the advice; differences inside the intervals do not count."""
    scored = [t for t in trials if t.get("score") is not None]
    advised = next((t for t in scored if t["advised"]), None)
    if not scored or (advised and len(scored) < 2):
        return "Too few trials came to an end to compare them."
    best = max(scored, key=lambda t: (t["score"], -t["seconds"]))
    if advised is None:
        return f"Best was “{best['title']}” with {best['score']:.1%}; the advised one came to no end."
    if advised["score"] >= best["score"]:
        alike = sum(t["score"] == best["score"] for t in scored) - 1
        others = f", and {alike} other{'' if alike == 1 else 's'} did as well" if alike else ""
        return f"The advice was right: no other did better than “{advised['title']}” with {best['score']:.1%}{others}."
    apart = f"“{best['title']}” reached {best['score']:.1%}, the advised “{advised['title']}” {advised['score']:.1%}"
    if None not in (best["low"], advised["high"]) and best["low"] <= advised["high"]:
        return f"{apart}; the intervals overlap, so the difference may be chance."
    return f"The advice was wrong here: {apart}, and the intervals do not overlap."


def _print_trials(output: Output, trials: list[dict[str, Any]], said: str) -> None:
    rows = []
    for trial in trials:
        mark = "→" if trial["advised"] else ""
        if trial.get("score") is None:
            rows.append((mark, trial["title"], "–", "–", "–", "–", trial["error"]))
            continue
        between = "–" if trial["low"] is None else f"{trial['low']:.3f}–{trial['high']:.3f}"
        size = f"{trial['megabytes']:.1f} MB"
        rows.append((mark, trial["title"], f"{trial['score']:.3f}", between, duration(trial["seconds"]), size, ""))
    metric = next((t["metric"] for t in trials if "metric" in t), "score")
    output.line()
    output.table(rows, header=("", "strategy", metric, "between", "time", "model", ""))
    output.line()
    output.line(said)
