"""The command `compare`: one family trained with each value of a setting, side by side."""

import argparse
import contextlib
import sys
from pathlib import Path
from typing import Any

from trasluz.api import DataError
from trasluz.cli.output import CommandError, Output, duration
from trasluz.cli.training import Narrator, check_settings_words, existing, given_settings
from trasluz.core.statuses import FAILED, OK, STOPPED, USAGE


def compare(parsed: argparse.Namespace, output: Output) -> int:
    """Train with each value of the setting, then hold the runs against each other."""
    from trasluz.core.runs.folder import RunFolder
    from trasluz.core.runs.request import RunRequest
    from trasluz.host.run import execute_run
    from trasluz.host.service import Service

    data, common = existing(parsed.data), given_settings(parsed.set)
    service = Service()
    by, values = _values(service, parsed.family, parsed.by)
    place = Path(parsed.out).expanduser().resolve()
    if place.is_relative_to(data):
        raise CommandError(f"{place} lies inside the data; choose a folder elsewhere.", status=USAGE)
    if parsed.minutes:
        common = {**common, "minutes": parsed.minutes}
    runs: dict[str, str] = {}
    status = OK
    for number, value in enumerate(values):
        settings = {**common, "seed": parsed.seed, by: value}
        check_settings_words(parsed.family, settings, parsed.device)
        at = place / value
        request = RunRequest.new(
            family=parsed.family, data=str(data), settings=settings, device=parsed.device, name=value
        )
        if RunFolder.is_one(at):
            run = RunFolder(at)
            if run.request.data != request.data or run.request.settings != request.settings:
                raise CommandError(f"There is another run in {at}: choose another folder for --out.", status=USAGE)
        else:
            try:
                run = RunFolder.create(at, request)
            except DataError as error:
                raise CommandError(str(error)) from error
        output.say(f"{number + 1} of {len(values)}: {by}={value}")
        with contextlib.redirect_stdout(sys.stderr):
            found = execute_run(run.path, emit_also=Narrator(output, finished=False))
        runs[value] = str(run.path)
        if found == STOPPED or run.stopped_early():
            status = STOPPED
            break
        status = status if found == OK else FAILED
    result = service.compared(runs=runs)
    output.document(result)
    _print(output, result)
    return status


def _values(service: Any, family: str, setting: str | None) -> tuple[str, list[str]]:
    families = {each["id"]: each for each in service.catalogue()["families"]}
    schemas = {name: each["schema"]["properties"] for name, each in families.items()}
    if family not in schemas:
        raise CommandError(f"There is no family “{family}”; there is {', '.join(schemas)}.", status=USAGE)
    setting = setting or families[family]["compares"]
    values = [str(value) for value in schemas[family].get(setting, {}).get("enum", ()) if value != "auto"]
    if len(values) < 2:
        choices = [name for name, schema in schemas[family].items() if len(schema.get("enum", ())) > 1]
        raise CommandError(
            (f"“{setting}” is no setting of" if setting else "Say with --by which setting to compare of")
            + f" “{family}” with several values; such are {', '.join(choices) or 'none'}.",
            status=USAGE,
        )
    return setting, values


def _print(output: Output, result: dict[str, Any]) -> None:
    scored = [row for row in result["runs"] if "score" in row]
    for row in result["runs"]:
        if "error" in row:
            output.say(f"{row['name']}: {row['error']}")
    if not scored:
        raise CommandError("None of these runs came to a model, so there is nothing to compare.")
    names = list(scored[0]["metrics"])
    output.line()
    output.table(
        [
            (
                row["name"],
                *(row["metrics"].get(name) for name in names),
                "–" if row["low"] is None else f"{row['low']:.4g}–{row['high']:.4g}",
                duration(row["seconds"] or 0.0),
                row["items_a_second"],
            )
            for row in scored
        ],
        header=("", *names, f"{scored[0]['metric']} between", "time", "items/s"),
    )
    if result["by_length"]:
        output.line()
        output.table(
            [
                (f"{part['from']:g} to {part['to']:g}", part["items"], *part["scores"].values())
                for part in result["by_length"]
            ],
            header=("length", "items", *result["by_length"][0]["scores"]),
        )
    for each in result["long"]:
        real = "" if each["low"] <= 0 <= each["high"] else ", which chance hardly gives"
        output.line(
            f"On inputs longer than {each['longer_than']:g}, “{each['ahead']}” is ahead of “{each['of']}” by "
            f"{each['by']:.4g} (95 %: {each['low']:.4g} to {each['high']:.4g}{real})."
        )
