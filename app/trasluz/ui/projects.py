"""Where the window puts new projects. Runs on background threads; no Qt widgets here."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths

if TYPE_CHECKING:
    from trasluz.core.project import Project


def projects_folder() -> Path:
    """`Documents/Trasluz`, where a person finds and backs it up; inside TRASLUZ_HOME where that is set."""
    from trasluz.core.places import user_folder

    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    if os.environ.get("TRASLUZ_HOME") or not documents:
        return user_folder() / "projects"
    return Path(documents) / "Trasluz"


def project_for(data: Path, *, name: str = "") -> "Project":
    """The project of that data: the recent one where there is one, else a new one beside the others."""
    from trasluz.core.project import Project, recent_projects, remember

    data = data.resolve()
    if not name:
        for known in recent_projects():
            try:
                if Path(known.data).resolve() == data:
                    project = Project.open(known.folder)
                    remember(project)
                    return project
            except (OSError, ValueError):
                continue
    name = name or (data.stem if data.is_file() else data.name) or "Project"
    parent = projects_folder()
    parent.mkdir(parents=True, exist_ok=True)
    project = Project.create(_free(parent, name), name=name, data=data)
    remember(project)
    return project


def _free(parent: Path, name: str) -> Path:
    stem = re.sub(r'[\x00-\x1f<>:"/\\|?*]+', " ", name).strip(" .")[:80] or "Project"
    found, number = parent / stem, 2
    while found.exists():
        found, number = parent / f"{stem} {number}", number + 1
    return found
