"""Commands about data and training: `inspect`, `train`."""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from trasluz.api import Event, Failed, Finished, Metric, Note, Progress, Started, Stopped
from trasluz.cli.output import CommandError, Output, duration
from trasluz.core.statuses import BAD_DATA, OK, USAGE


def inspect(parsed: argparse.Namespace, output: Output) -> None:
    """Say what a folder of data holds and what is wrong with it."""
    from trasluz.host.service import Service

    with tempfile.TemporaryDirectory(prefix="trasluz-") as folder:
        index = Path(folder) / "index.sqlite"
        summary = Service().inspect(
            data=str(_existing(parsed.data)), index=str(index), seed=parsed.seed, progress=output.progress
        )
    output.document(summary)
    output.line(f"{summary['name']}: {summary['sentence']}")
    given = "given by the data" if summary["split_given"] else f"made here, seed {parsed.seed}"
    totals = ", ".join(f"{sum(c.values()):,} {split}" for split, c in summary["counts"].items() if c)
    output.line(f"Kind: {summary['kind']}; layout: {summary['layout']}; split {given}: {totals}")
    splits = list(summary["counts"])
    labels = sorted({label for counts in summary["counts"].values() for label in counts})
    output.table(
        [(label, *(summary["counts"][s].get(label, 0) for s in splits)) for label in labels],
        header=("class", *splits),
    )
    for problem in summary["problems"]:
        output.line(f"{problem['severity']}: {problem['sentence']}")


def train(parsed: argparse.Namespace, output: Output) -> int:
    """Train, export and check; the run folder holds everything."""
    from trasluz.core.runs.folder import RunFolder
    from trasluz.core.runs.request import RunRequest
    from trasluz.host.run import execute_run

    if parsed.processes != 1:
        raise CommandError("Training in several processes is not there yet: leave --processes out.", status=USAGE)
    at = Path(parsed.out).expanduser().resolve()
    if RunFolder.is_one(at):
        if not parsed.resume:
            raise CommandError(
                f"There is a run in {at} already: add --resume to go on with it, or choose another folder.",
                status=USAGE,
            )
        folder = RunFolder(at)
    elif parsed.resume:
        raise CommandError(f"There is no run in {at} to go on with: leave --resume out to start one.", status=USAGE)
    else:
        request = RunRequest.new(
            family=parsed.family,
            data=str(_existing(parsed.data)),
            settings=_settings(parsed),
            device=parsed.device,
            name=at.name,
        )
        folder = RunFolder.create(at, request)
    status = execute_run(folder.path, emit_also=_json_events(output) if output.as_json else _Narrator(output))
    if status == OK:
        output.line(f"The model is in {folder.model_folder}")
    return status


def _settings(parsed: argparse.Namespace) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for given in parsed.set:
        key, equals, value = given.partition("=")
        if not equals or not key:
            raise CommandError(f"“--set {given}” is not KEY=VALUE, for example --set epochs=20.", status=USAGE)
        settings[key.strip().replace("-", "_")] = _value(value.strip())
    for name in ("seed", "minutes"):
        if getattr(parsed, name) is not None:
            settings[name] = getattr(parsed, name)
    return settings


def _value(text: str) -> Any:
    """A number, true, false or null as such; anything else as text (the family's own config checks it)."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if value is None or isinstance(value, bool | int | float) else text


def _existing(data: str) -> Path:
    path = Path(data).expanduser()
    if not path.exists():
        raise CommandError(f"There is nothing at {path}: check the path.", status=BAD_DATA)
    return path.resolve()


def _json_events(output: Output):  # type: ignore[no-untyped-def]
    return lambda event: output.raw(event.model_dump_json())


class _Narrator:
    """Prints a run's events for a person."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def __call__(self, event: Event) -> None:
        match event:
            case Started():
                again = "goes on" if event.resumed else "starts"
                self._output.say(f"The run {again} on {event.device}.")
            case Progress():
                self._output.progress(event)
            case Note():
                self._output.say(event.sentence)
            case Metric(split="val") if event.name != "loss":
                star = " (best so far)" if event.best else ""
                self._output.say(f"  pass {event.step:g}: {event.name} {event.value:.4f}{star}")
            case Finished():
                scores = ", ".join(f"{name} {value:.4f}" for name, value in event.metrics.items())
                self._output.line(f"Finished in {duration(event.seconds)}: {scores} (the ONNX model, on validation).")
            case Stopped() | Failed():
                self._output.say(event.sentence)
            case _:
                pass
