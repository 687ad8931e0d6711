"""`trasluz runs`: the history of runs."""

import argparse
from pathlib import Path
from typing import Any

from trasluz.cli.output import CommandError, Output, duration
from trasluz.core.statuses import USAGE


def act(parsed: argparse.Namespace, output: Output) -> None:
    """Do what the second word says."""
    {
        "list": listing,
        "show": _show,
        "compare": _compare,
        "remove": _remove,
        "pause": _pause,
        "resume": _resume,
        "sooner": _sooner,
        "later": _later,
        "keep": _keep,
        "shapes": _shapes,
    }[parsed.what](parsed, output)


def listing(parsed: argparse.Namespace, output: Output) -> None:
    """List the runs, newest first."""
    found = _summaries(parsed)
    output.document([run.model_dump(mode="json") for run in found])
    output.table([_row(run) for run in found], header=("id", "family", "state", "score", "time", "folder"))
    if not found:
        output.line("There are no runs yet.")


def _show(parsed: argparse.Namespace, output: Output) -> None:
    for run in _named(parsed, at_least=1):
        data = run.model_dump(mode="json")
        output.document(data)
        for key, value in data.items():
            output.line(f"{key:10} {value}")


def _shapes(parsed: argparse.Namespace, output: Output) -> None:
    """The five shapes of problems with sequences, each with the newest model that has it."""
    from trasluz.core.runs.shapes import with_models

    found = with_models(_summaries(parsed))
    output.document(
        [
            {"shape": shape.id, "title": shape.title, "model": run.model_dump(mode="json") if run else None}
            for shape, run in found
        ]
    )
    output.table(
        [(s.title, s.sentence, run.title if run else "none yet", run.folder if run else "") for s, run in found],
        header=("shape", "for example", "your model", "folder"),
    )


def _compare(parsed: argparse.Namespace, output: Output) -> None:
    from trasluz.core.runs.comparison import paired_runs
    from trasluz.core.runs.folder import RunFolder
    from trasluz.core.runs.history import compare
    from trasluz.core.runs.paired import sentence

    first, second, *_ = _named(parsed, at_least=2)
    result = compare(first, second)
    pair = paired_runs(RunFolder(first.folder), RunFolder(second.folder))
    result["paired"] = pair.as_json() if pair else None
    output.document(result)
    output.table(
        [(name, *values) for name, values in result["metrics"].items()],
        header=("metric", first.name, second.name),
    )
    output.table(
        [(name, *values) for name, values in result["settings"].items()],
        header=("setting", first.name, second.name),
    )
    if pair is None:
        output.line(result["sentence"])
        return
    output.line(f"On the {pair.items:,} items that both were judged on:")
    (low, high), (other_low, other_high) = pair.intervals
    one, other = pair.accuracy
    output.table(
        [
            ("right", f"{one:.1%}", f"{other:.1%}"),
            ("95 % interval", f"{low:.1%} to {high:.1%}", f"{other_low:.1%} to {other_high:.1%}"),
            ("right alone", len(pair.only_first), len(pair.only_second)),
        ],
        header=("", first.name, second.name),
    )
    output.line(f"Both right: {len(pair.both):,}; neither: {len(pair.neither):,}.")
    output.line(sentence(pair, first.name, second.name))


def _remove(parsed: argparse.Namespace, output: Output) -> None:
    from trasluz.core.runs.history import remove

    chosen = _named(parsed, at_least=1)
    for run in chosen:
        remove(run.folder)
        output.line(f"Removed {run.folder}")
    output.document([str(run.folder) for run in chosen])


def _pause(parsed: argparse.Namespace, output: Output) -> None:
    from trasluz.core.runs import queue

    chosen = _named(parsed, at_least=1)
    for run in chosen:
        if run.state not in ("running", "waiting"):
            raise CommandError(f"The run “{run.id}” is not being trained, so there is nothing to pause.")
        queue.pause(run.folder)
        output.line(f"{run.folder} leaves a checkpoint and ends; trasluz runs resume {run.id} goes on.")
    output.document([str(run.folder) for run in chosen])


def _resume(parsed: argparse.Namespace, output: Output) -> None:
    from trasluz.core.runs import queue

    chosen = _named(parsed, at_least=1)
    found = []
    for run in chosen:
        if run.state in ("running", "waiting"):
            raise CommandError(f"The run “{run.id}” is being trained already.")
        started = queue.take_up(run.folder)
        found.append({"folder": str(run.folder), "started": started})
        output.line(f"{run.folder} {'goes on' if started else 'goes on after the run that is being trained'}.")
    output.document(found)


def _sooner(parsed: argparse.Namespace, output: Output) -> None:
    _move(parsed, output, -1)


def _later(parsed: argparse.Namespace, output: Output) -> None:
    _move(parsed, output, 1)


def _move(parsed: argparse.Namespace, output: Output, by: int) -> None:
    from trasluz.core.runs import queue

    chosen = _named(parsed, at_least=1)
    found = []
    for run in chosen:
        if queue.place(run.folder) is None:
            raise CommandError(f"The run “{run.id}” does not wait for others, so it has no place to change.")
        queue.move(run.folder, by)
        at = queue.place(run.folder)
        found.append({"folder": str(run.folder), "place": at})
        output.line(f"{run.folder} is number {at} of those that wait.")
    output.document(found)


def _keep(parsed: argparse.Namespace, output: Output) -> None:
    """Keep what later runs can start from of one run, under a name."""
    from trasluz.host.service import Service

    if not parsed.name:
        raise CommandError("Say under which name: trasluz runs keep RUN --name NAME.", status=USAGE)
    run, *more = _named(parsed, at_least=1)
    if more:
        raise CommandError("Only one run can be kept under a name.", status=USAGE)
    kept = Service().keep(model=str(run.folder), name=parsed.name)
    output.document(kept)
    output.line(f"The {kept['what']} is kept as “{kept['title']}”: {kept['sentence']}.")
    output.line(f"Later runs start from it with --set {kept['what']}={kept['value']!r}.")


def _summaries(parsed: argparse.Namespace) -> list[Any]:
    from trasluz.core.runs.history import recent, runs_in

    return list(runs_in(Path(parsed.folder)) if parsed.folder else recent())


def _named(parsed: argparse.Namespace, *, at_least: int) -> list[Any]:
    from trasluz.core.runs.folder import RunFolder
    from trasluz.core.runs.history import summarise

    if len(parsed.which) < at_least:
        raise CommandError(
            f"Name {at_least} run{'s' if at_least > 1 else ''}: a folder, or an id of the list.", status=USAGE
        )
    known = {run.id: run for run in _summaries(parsed)}
    chosen = []
    for name in parsed.which:
        if RunFolder.is_one(Path(name)):
            chosen.append(summarise(Path(name)))
        elif name in known:
            chosen.append(known[name])
        else:
            raise CommandError(f"There is no run “{name}”; trasluz runs list names them.")
    return chosen


def _row(run: Any) -> tuple[Any, ...]:
    state = f"{run.state}, {run.place}." if run.place is not None else run.state
    return run.id, run.family, state, run.score, duration(run.seconds or 0), run.folder
