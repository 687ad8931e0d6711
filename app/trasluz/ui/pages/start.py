"""Where a person begins: their photos, a sample, or what they worked on last."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from trasluz.ui import theme
from trasluz.ui.widgets import Label, LinkButton, PrimaryButton, SecondaryButton, clear_layout
from trasluz.ui.widgets.samples import paint_dates, paint_digits, paint_memory, paint_sunspots, paint_surfaces

from .page import Page
from .scrolled import OVERHANG, overhanging

if TYPE_CHECKING:
    from trasluz.ui.session import Session

_SAMPLES = (
    ("surfaces", "Surfaces", "Brick, grass or gravel? Small cuttings of three photographs.", paint_surfaces),
    ("digits", "Handwritten digits", "Ten classes, 1,797 tiny scans: which digit is it?", paint_digits),
    ("sunspots", "Sunspots", "Three hundred years of the sun: what comes next?", paint_sunspots),
    ("dates", "Dates", "“3 de mayo de 1998” is 1998-05-03; in four languages.", paint_dates),
    ("memory", "Long memory", "Which kind of cell still knows a letter after a hundred steps?", paint_memory),
)
_RECENT = 6


class _Tile(QAbstractButton):
    """A card that can be pressed."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Light up under the mouse."""
        self.update()

    def _paint_frame(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lit = self.hasFocus() or self.underMouse() or self.isDown()
        painter.setPen(QPen(theme.color("accent" if lit else "line"), 1))
        painter.setBrush(theme.color("chip" if self.isDown() else "panel"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 10, 10)

    def _paint_text(self, painter: QPainter, place: QRectF, title: str, line: str) -> None:
        painter.setPen(theme.color("ink"))
        painter.setFont(theme.font("strong"))
        head = painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, int(place.width()))
        painter.drawText(QRectF(place.left(), place.top(), place.width(), 20), Qt.AlignmentFlag.AlignVCenter, head)
        painter.setPen(theme.color("muted"))
        painter.setFont(theme.font("body"))
        painter.drawText(place.adjusted(0, 22, 0, 0), int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop), line)


class SampleTile(_Tile):
    """A sample that comes with the program, with a drawing of what is in it."""

    def __init__(self, title: str, sentence: str, drawing: Any) -> None:
        super().__init__()
        self.setText(title)
        self.setAccessibleName(f"Sample: {title}")
        self.setAccessibleDescription(sentence)
        self._sentence, self._drawing = sentence, drawing

    def sizeHint(self) -> QSize:
        """A picture and two lines."""
        return QSize(280, 92)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the drawing and the words."""
        painter = QPainter(self)
        self._paint_frame(painter)
        self._drawing(painter, QRectF(12, 12, 68, 68))
        self._paint_text(painter, QRectF(94, 16, self.width() - 106, self.height() - 20), self.text(), self._sentence)


class ProjectTile(_Tile):
    """A project that was opened before."""

    def __init__(self, name: str, folder: Path, data: Path, *, twin: bool = False) -> None:
        super().__init__()
        self.folder = folder
        self.setText(name)
        self.setAccessibleName(f"Project {name}")
        self.setToolTip(f"{data}\nProject folder: {folder}")
        self._line = str(folder if twin else data)  # what tells it from another of the same photos

    def sizeHint(self) -> QSize:
        """One row."""
        return QSize(280, 60)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint name and place."""
        painter = QPainter(self)
        self._paint_frame(painter)
        painter.setFont(theme.font("body"))
        width = self.width() - 32
        line = painter.fontMetrics().elidedText(self._line, Qt.TextElideMode.ElideMiddle, width)
        self._paint_text(painter, QRectF(16, 9, width, self.height() - 12), self.text(), line)


class DropField(QWidget):
    """The large field in the middle: drop a folder or a file here, or choose one."""

    chosen = Signal()
    file_chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumHeight(244)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMaximumHeight(300)
        self.button = PrimaryButton("Open a folder →", self.chosen.emit, tip="Ctrl+O")
        self.file_button = SecondaryButton("Open a file…", self.file_chosen.emit)
        words = Label("Drop a folder or a file here", "heading")
        line = Label(
            "Photos or recordings in a folder for each thing to tell apart; handwriting or speech with its text; "
            "series; pairs of texts; any text.\nYour files stay where they are.",
            "muted",
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 116, 24, 20)
        layout.setSpacing(6)
        layout.addStretch(1)
        for widget in (words, line):
            widget.setAlignment(Qt.AlignmentFlag.AlignCenter)
            widget.setWordWrap(True)
            layout.addWidget(widget)
        layout.addSpacing(10)
        buttons = QHBoxLayout()
        buttons.setSpacing(12)
        buttons.addStretch(1)
        buttons.addWidget(self.button)
        buttons.addWidget(self.file_button)
        buttons.addStretch(1)
        layout.addLayout(buttons)
        layout.addStretch(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the dashed frame, the light, and the sheets held against it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        dashes = QPen(theme.color("muted", 0.6), 1.5)
        dashes.setDashPattern([5, 4])
        painter.setPen(dashes)
        painter.setBrush(theme.color("panel"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 12, 12)
        middle, top = self.width() / 2, max(22.0, (self.height() - 232) / 2 + 14)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent_ground"))
        painter.drawEllipse(QPointF(middle, top + 42), 46, 46)
        for number, (shift, angle) in enumerate(((-22, -12), (22, 11), (0, -1))):
            painter.save()
            painter.translate(middle + shift, top + 42)
            painter.rotate(angle)
            painter.setPen(QPen(theme.color("muted" if number < 2 else "accent"), 1.5))
            painter.setBrush(theme.color("panel", 0.9))
            sheet = QRectF(-19, -23, 38, 46)
            painter.drawRoundedRect(sheet, 5, 5)
            if number == 2:
                painter.drawEllipse(QPointF(-6, -9), 4, 4)
                hill = [QPointF(-13, 15), QPointF(-3, 2), QPointF(3, 9), QPointF(8, 3), QPointF(14, 15)]
                painter.drawPolyline(hill)
            painter.restore()


class StartPage(Page):
    """Recent projects, a new one from a folder, the samples."""

    title = "Teach a network"
    widest = 1160
    overhang = OVERHANG

    def __init__(self) -> None:
        super().__init__()
        self.header.set_subtitle(
            "Give it photos, handwriting, sounds, series or texts, let it learn, look inside, take the model with you."
        )
        self.drop_field = DropField()
        self.drop_field.chosen.connect(self._choose)
        self.drop_field.file_chosen.connect(self._choose_file)
        inner = QWidget()
        content = QVBoxLayout(inner)
        content.setSpacing(self.body.spacing())
        content.addWidget(self.drop_field, 3)
        self.record_link = LinkButton("Nothing recorded yet? Read words or sentences aloud →", self._read_aloud)
        content.addWidget(self.record_link, 0, Qt.AlignmentFlag.AlignHCenter)
        self._recent_title = Label("Where you left off", "strong")
        self._recent = QGridLayout()
        self._recent.setSpacing(12)
        self._recent_title.hide()
        content.addWidget(self._recent_title)
        content.addLayout(self._recent)
        content.addWidget(Label("Or try it on a sample", "strong"))
        grid = QGridLayout()
        grid.setSpacing(12)
        self.samples: dict[str, SampleTile] = {}
        for name, title, sentence, drawing in _SAMPLES:
            tile = SampleTile(title, sentence, drawing)
            tile.clicked.connect(lambda _checked=False, n=name: self._open_sample(n))
            self.samples[name] = tile
            row, column = divmod(len(self.samples) - 1, 3)
            grid.addWidget(tile, row, column)
            grid.setColumnStretch(column, 1)
        content.addLayout(grid)
        self.trouble = Label("", "bad", wrap=True)
        self.trouble.hide()
        content.addWidget(self.trouble)
        content.addStretch(1)
        self.body.addWidget(overhanging(inner, content), 1)

    def connect_session(self, session: "Session") -> None:
        """Follow what is being opened."""
        session.data_failed.connect(self._failed)

    def refresh(self) -> None:
        """Read the recent projects."""
        self.trouble.hide()
        if self.session is not None:
            self.session.work.run(self, _recent_projects, success=self._show_recent, failure=lambda _trouble: None)

    def _show_recent(self, projects: list[tuple[str, Path, Path]]) -> None:
        clear_layout(self._recent)
        self._recent_title.setVisible(bool(projects))
        for number, (name, folder, data) in enumerate(projects[:_RECENT]):
            tile = ProjectTile(name, folder, data, twin=[(p[0], p[2]) for p in projects].count((name, data)) > 1)
            tile.clicked.connect(lambda _checked=False, f=folder: self._open(f))
            self._recent.addWidget(tile, number // 3, number % 3)
        for column in range(len(projects), 3):  # an empty column would be as narrow as nothing, and without its gap
            self._recent.addWidget(QWidget(), 0, column)
        for column in range(3):
            self._recent.setColumnStretch(column, 1)

    def _open(self, folder: Path) -> None:
        if self.session is not None:
            self.trouble.hide()
            self.session.open_project(folder)

    def _open_sample(self, name: str) -> None:
        if self.session is not None:
            self.trouble.hide()
            self.session.open_sample(name)

    def _choose(self) -> None:
        window = self.window()
        if hasattr(window, "choose_data"):
            window.choose_data()

    def _choose_file(self) -> None:
        window = self.window()
        if hasattr(window, "choose_data_file"):
            window.choose_data_file()

    def _read_aloud(self) -> None:
        from trasluz.ui.reading_aloud import ReadingDialog

        dialog = ReadingDialog(self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.made.connect(self._open_made)
        dialog.open()

    def _open_made(self, folder: Path) -> None:
        window = self.window()
        if hasattr(window, "open_paths"):
            window.open_paths([folder])

    def _failed(self, trouble: Any) -> None:
        self.trouble.setText(trouble.sentence)
        self.trouble.show()


def _recent_projects() -> list[tuple[str, Path, Path]]:
    from trasluz.core.project import recent_projects

    return [(p.name, Path(p.folder), Path(p.data)) for p in recent_projects()]
