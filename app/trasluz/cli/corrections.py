"""`trasluz corrections`: what a person says about items of a project, in place of what the data says."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from trasluz.cli.output import CommandError, Output
from trasluz.core.statuses import USAGE

if TYPE_CHECKING:
    from trasluz.core.corrections import Corrections
    from trasluz.core.project import Project


def act(parsed: argparse.Namespace, output: Output) -> None:
    """List the corrections, add one, or take one back."""
    from trasluz.core.corrections import Corrections
    from trasluz.core.project import Project

    project = Project.open(Path(parsed.project))
    made = Corrections.read(project.corrections_path)
    if parsed.what != "list":
        made = _changed(parsed, project, made)
        made.write(project.corrections_path)
    output.document([c.model_dump(mode="json") for c in made])
    output.table([(c.path, c.words) for c in made], header=("item", "counts as"))
    if not made:
        output.line("Nothing is corrected: every item counts as the data says.")


def _changed(parsed: argparse.Namespace, project: "Project", made: "Corrections") -> "Corrections":
    from trasluz.core.corrections import Correction
    from trasluz.core.data.corrected import as_told

    if not parsed.item or (parsed.what == "set") != bool(parsed.label):
        wanted = "ITEM CLASS" if parsed.what == "set" else "ITEM"
        raise CommandError(f"Give {wanted}: trasluz corrections {parsed.what} PROJECT {wanted}", status=USAGE)
    path = _inside(parsed.item, project.data)
    if parsed.what == "take-back":
        if made.of(path) is None:
            raise CommandError(f"Nothing is corrected about “{path}”; corrections list shows what is.")
        return made.without(path)
    if not project.index_path.exists():
        _look(project)
    was, content = as_told(project.index_path, path)
    return made.adding(Correction(path=path, content=content, was=was, now=parsed.label))


def _inside(item: str, data: Path) -> str:
    """The path as the index has it, whether it was given from the data's folder or as a file on disk."""
    at, folder = Path(item).expanduser().absolute(), data if data.is_dir() else data.parent
    return at.relative_to(folder).as_posix() if at.is_relative_to(folder) else Path(item).as_posix()


def _look(project: "Project") -> None:
    from trasluz.host.service import Service

    Service().inspect(data=str(project.data), index=str(project.index_path), corrections=str(project.corrections_path))
