"""Under the drawing of the five shapes: the newest model of the person's that has each of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from trasluz.core.runs.shapes import SHAPES
from trasluz.ui.widgets import Label, LinkButton, clear_layout

if TYPE_CHECKING:
    from trasluz.ui.session import Session


class ShapeModels(QWidget):
    """Five columns, as wide as the drawing's."""

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self._columns: list[QVBoxLayout] = []
        for _ in SHAPES:
            column = QVBoxLayout()
            column.setSpacing(2)
            row.addLayout(column, 1)
            self._columns.append(column)

    def look(self, session: "Session") -> None:
        """Read this person's runs, of all projects, and name the models."""
        session.work.run(self, _found, success=lambda found: self._show(session, found))

    def _show(self, session: "Session", found: list[tuple[Any, Any]]) -> None:
        for column, (_shape, run) in zip(self._columns, found, strict=True):
            clear_layout(column)
            if run is None:
                label = Label("none of yours yet", "muted", wrap=True)
                label.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
                column.addWidget(label)
                continue
            name = Label(run.title, "caption", wrap=True)
            name.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
            name.setToolTip(str(run.folder))
            column.addWidget(name)
            project = Path(run.folder).parent.parent
            if (project / "project.json").is_file():
                link = LinkButton("open its project", lambda p=project: session.open_project(p))
                column.addWidget(link, 0, Qt.AlignmentFlag.AlignHCenter)


def _found() -> list[tuple[Any, Any]]:
    from trasluz.core.runs.history import recent
    from trasluz.core.runs.shapes import with_models

    return with_models(recent())
