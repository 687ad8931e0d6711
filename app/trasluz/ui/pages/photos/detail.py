"""One photo, larger, with what is known of it."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPixmap
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QSizePolicy

from trasluz.ui import theme
from trasluz.ui.bridge.call import Call, Trouble
from trasluz.ui.bridge.host import HostBridge
from trasluz.ui.thumbnails import pixmap_of
from trasluz.ui.widgets import Card, Label, LinkButton, SmallButton
from trasluz.ui.widgets.basic import Painted

_SPLITS = {"train": "to learn from", "val": "to judge with", "test": "kept for the last test", None: "set aside"}


class Picture(Painted):
    """A picture as large as the room allows, its proportions kept."""

    def __init__(self) -> None:
        super().__init__()
        self._pixmap: QPixmap | None = None
        self._words = ""
        self.setMinimumHeight(200)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_picture(self, pixmap: QPixmap | None, words: str = "") -> None:
        """Show a picture, or words in its place."""
        self._pixmap, self._words = pixmap, words
        self.update()

    @property
    def pixmap(self) -> QPixmap | None:
        """What is shown."""
        return self._pixmap

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint it at the top, on nothing."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        room = QRectF(self.rect())
        frame = QPainterPath()
        if self._pixmap is None:
            frame.addRoundedRect(room, 6, 6)
            painter.fillPath(frame, theme.color("chip"))
            painter.setPen(theme.color("muted"))
            painter.setFont(theme.font())
            painter.drawText(
                room.adjusted(16, 16, -16, -16),
                int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap),
                self._words,
            )
            return
        scale = min(room.width() / self._pixmap.width(), room.height() / self._pixmap.height())
        width, height = self._pixmap.width() * scale, self._pixmap.height() * scale
        place = QRectF((room.width() - width) / 2, 0, width, height)
        frame.addRoundedRect(place, 6, 6)
        painter.setClipPath(frame)
        ratio = self.devicePixelRatioF()
        if scale * ratio >= 2:
            # a scan of a few pixels is shown as the pixels that it is
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            painter.drawPixmap(place, self._pixmap, QRectF(self._pixmap.rect()))
            return
        scaled = self._pixmap.scaled(
            round(width * ratio),
            round(height * ratio),
            Qt.AspectRatioMode.IgnoreAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        scaled.setDevicePixelRatio(ratio)
        painter.drawPixmap(place.topLeft(), scaled)


class PhotoDetail(Card):
    """The chosen photo at the right of the gallery."""

    closed = Signal()
    step = Signal(int)

    def __init__(self) -> None:
        super().__init__("Photo")
        self.setFixedWidth(336)
        self._call: Call | None = None
        self._path = Path()
        before = SmallButton("←", lambda: self.step.emit(-1), tip="The photo before it")
        after = SmallButton("→", lambda: self.step.emit(1), tip="The next photo")
        before.setAccessibleName("The photo before it")
        after.setAccessibleName("The next photo")
        self.head.setSpacing(6)
        self.head.addWidget(before)
        self.head.addWidget(after)
        self.head.addWidget(LinkButton("Close", self.closed.emit, tip="Esc"))
        self.picture = Picture()
        self.body.addWidget(self.picture, 1)
        self._facts = QFormLayout()
        self._facts.setHorizontalSpacing(16)
        self._facts.setVerticalSpacing(6)
        self._facts.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.values: dict[str, Label] = {}
        for name, title in (("file", "File"), ("use", "Used"), ("size", "Size")):
            value = Label("", wrap=True, selectable=True)
            self.values[name] = value
            self._facts.addRow(Label(title, "muted"), value)
        self.body.addLayout(self._facts)
        self.problem = Label("", "warn", wrap=True)
        self.body.addWidget(self.problem)
        row = QHBoxLayout()
        row.addWidget(SmallButton("Show in folder", self._show_folder))
        row.addStretch(1)
        self.body.addLayout(row)

    def show_item(self, item: Any, path: str, host: HostBridge) -> None:
        """Show an item of the index; the larger picture follows from the host."""
        self._path = Path(path)
        self.set_title(item.label or "Photo")
        shown = item.path.replace("/", "/\u200b")  # a long path may break after each folder
        self.values["file"].setText(shown)
        self.values["use"].setText(_SPLITS.get(item.split, item.split or ""))
        pixels = f"{item.width:,} × {item.height:,} · " if item.width and item.height else ""
        self.values["size"].setText(pixels + _bytes(item.bytes))
        self.problem.setText(item.problem)
        self.problem.setVisible(bool(item.problem))
        if self._call is not None:
            self._call.cancel()
        self.picture.set_picture(None)
        self._call = host.call(self, "image", {"path": path, "at_most": 1200}, success=self._came, failure=self._failed)

    def _came(self, result: dict[str, Any]) -> None:
        self.picture.set_picture(pixmap_of(result["image"]))

    def _failed(self, trouble: Trouble) -> None:
        self.picture.set_picture(None, trouble.sentence)

    def _show_folder(self) -> None:
        from trasluz.ui.frame.top import show_folder

        show_folder(self._path.parent)


def _bytes(count: int | None) -> str:
    if not count:
        return "empty file"
    for unit in ("bytes", "KB", "MB"):
        if count < 1000 or unit == "MB":
            return f"{count:,.0f} {unit}" if unit != "MB" or count >= 10 else f"{count:.1f} {unit}"
        count = count / 1000  # type: ignore[assignment]
    return ""
