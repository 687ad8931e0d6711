"""Commands about data and training: `inspect`, `train`."""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from trasluz.api import DataError, Event, Failed, Finished, Metric, Note, Progress, Started, Stopped
from trasluz.cli.output import CommandError, Output, duration
from trasluz.core.statuses import BAD_DATA, FAILED, OK, USAGE


def inspect(parsed: argparse.Namespace, output: Output) -> None:
    """Say what a folder of data holds and what is wrong with it."""
    from trasluz.core.project import Project
    from trasluz.host.scoring import given_data
    from trasluz.host.service import Service

    given = existing(parsed.data)
    data, _ = given_data(given)
    corrections = str(Project.open(given).corrections_path) if data != given else None
    with tempfile.TemporaryDirectory(prefix="trasluz-") as folder:
        index = Path(folder) / "index.sqlite"
        summary = Service().inspect(
            data=str(data), index=str(index), seed=parsed.seed, corrections=corrections, progress=output.progress
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
    from trasluz.core.project import Project
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
        given, settings = existing(parsed.data), _settings(parsed)
        project = Project.open(given) if Project.is_one(given) else None
        data = existing(str(project.data)) if project else given
        check_settings_words(parsed.family, settings, parsed.device)
        if at.is_relative_to(data):
            raise CommandError(
                f"{at} lies inside the data, where it would be taken for a class; choose a folder elsewhere.",
                status=USAGE,
            )
        request = RunRequest.new(
            family=parsed.family,
            data=str(data),
            settings=settings,
            device=parsed.device,
            name=at.name,
            corrections=str(project.corrections_path) if project else None,
        )
        try:
            folder = RunFolder.create(at, request)
        except DataError as error:
            raise CommandError(str(error)) from error  # the fault is the place's, not the data's
    status = execute_run(folder.path, emit_also=_json_events(output) if output.as_json else Narrator(output))
    if status == OK:
        output.line(f"The model is in {folder.model_folder}")
    return status


def _settings(parsed: argparse.Namespace) -> dict[str, Any]:
    settings = given_settings(parsed.set)
    for name in ("seed", "minutes"):
        if getattr(parsed, name) is not None:
            settings[name] = getattr(parsed, name)
    return settings


def given_settings(words: list[str]) -> dict[str, Any]:
    """The settings that were given as `--set KEY=VALUE`."""
    settings: dict[str, Any] = {}
    for given in words:
        key, equals, value = given.partition("=")
        if not equals or not key:
            raise CommandError(f"“--set {given}” is not KEY=VALUE, for example --set epochs=20.", status=USAGE)
        settings[key.strip().replace("-", "_")] = _value(value.strip())
    return settings


def check_settings_words(family_id: str, settings: dict[str, Any], device_word: str) -> None:
    """See that family, settings and device are there, before a folder is made for a run that could never start."""
    from trasluz.api import FamilyError
    from trasluz.core.plugins.registry import Registry
    from trasluz.host.troubles import check_settings

    try:
        family = Registry.load().family(family_id)
        check_settings(family.config, settings, title=family.title)
    except FamilyError as error:
        raise CommandError(str(error), status=USAGE) from error
    asked = device_word.strip().lower()
    if asked in ("auto", "cpu"):
        return  # without torch, which takes its time
    from trasluz.torchkit import device

    try:
        device.resolve(asked)
    except FamilyError as error:
        # A GPU that is not there is no fault of the words.
        raise CommandError(str(error), status=FAILED if asked.startswith(("cuda", "mps")) else USAGE) from error


def _value(text: str) -> Any:
    """A number, true, false or null as such; anything else as text (the family's own config checks it)."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if value is None or isinstance(value, bool | int | float) else text


def existing(data: str) -> Path:
    """The path of data that is there."""
    path = Path(data).expanduser()
    if not path.exists():
        raise CommandError(f"There is nothing at {path}: check the path.", status=BAD_DATA)
    return path.resolve()


def _json_events(output: Output):  # type: ignore[no-untyped-def]
    def tell(event: Event) -> None:
        output.raw(event.model_dump_json())
        if isinstance(event, Failed | Stopped):
            output.end(event.sentence)

    return tell


class Narrator:
    """Prints a run's events for a person.

    Args:
        finished: Whether the end is said, or left to the caller.
    """

    def __init__(self, output: Output, *, finished: bool = True) -> None:
        self._output = output
        self._finished = finished
        self.failure = ""

    def __call__(self, event: Event) -> None:
        """Say one event."""
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
            case Finished() if self._finished:
                scores = ", ".join(f"{name} {value:.4f}" for name, value in event.metrics.items())
                self._output.line(f"Finished in {duration(event.seconds)}: {scores} (the ONNX model, on validation).")
            case Stopped() | Failed():
                self.failure = event.sentence
                self._output.end(event.sentence)
            case _:
                pass
