"""One item, larger, with what is known of it."""

import re
from pathlib import Path
from typing import Any

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPixmap
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QSizePolicy, QWidget

from trasluz.api import Audio, view_from_json
from trasluz.ui import theme
from trasluz.ui.bridge.call import Call, Trouble
from trasluz.ui.bridge.host import HostBridge
from trasluz.ui.kinds import KindWords, words_for
from trasluz.ui.thumbnails import pixmap_of
from trasluz.ui.views.audio import AudioPainter
from trasluz.ui.widgets import Card, Label, LinkButton, SmallButton
from trasluz.ui.widgets.basic import Painted

from .truth import TruthEditor

_SPLITS = {"train": "to learn from", "val": "to judge with", "test": "kept for the last test", None: "set aside"}


_TALLEST_LINE = 150


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
    """The chosen item at the right of the gallery: picture, sound or texts, and what is known of it."""

    closed = Signal()
    step = Signal(int)
    mended = Signal(object, object)
    """The item, and the text that it has now; None leaves it out."""

    def __init__(self) -> None:
        super().__init__("Photo")
        self.setFixedWidth(336)
        self._call: Call | None = None
        self._path = Path()
        self._item: Any = None
        self._words = words_for("image-classes")
        self.before = SmallButton("←", lambda: self.step.emit(-1))
        self.after = SmallButton("→", lambda: self.step.emit(1))
        self.head.setSpacing(6)
        self.head.addWidget(self.before)
        self.head.addWidget(self.after)
        self.head.addWidget(LinkButton("Close", self.closed.emit, tip="Esc"))
        self.picture = Picture()
        self.body.addWidget(self.picture, 1)
        self.sound: AudioPainter | None = None
        self.asked = Label("", "strong", wrap=True, selectable=True)
        self.asked.setVisible(False)
        self.body.addWidget(self.asked)
        self.truth = TruthEditor()
        self.truth.kept.connect(lambda text: self.mended.emit(self._item, text))
        self.truth.left_out.connect(lambda: self.mended.emit(self._item, None))
        self.body.addWidget(self.truth)
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
        self._fill = QWidget()  # what stands there is at the top, where there is no picture to take the room
        self.body.addWidget(self._fill, 1)
        self.show_kind(self._words)

    def show_kind(self, words: KindWords) -> None:
        """Show items of this kind from now on."""
        self._words = words
        for button, tip in ((self.before, f"The {words.noun} before it"), (self.after, f"The next {words.noun}")):
            button.setToolTip(tip)
            button.setAccessibleName(tip)
        tall = words.look in ("photos", "curves")
        self.picture.setVisible(tall or words.look == "lines")
        self.picture.setMinimumHeight(200 if tall else 72)
        self.picture.setMaximumHeight(16_777_215 if tall else _TALLEST_LINE)
        self.truth.setVisible(not words.classes and words.look != "texts")
        self.asked.setVisible(words.look in ("pairs", "texts"))
        self._fill.setVisible(not tall)
        if self.sound is not None:
            self.sound.setVisible(words.look == "sounds")

    def show_item(self, item: Any, path: str, host: HostBridge, *, index: str = "") -> None:
        """Show an item of the index; the larger picture, or the sound, follows from the host."""
        self._path, self._item = Path(path), item
        words = self._words
        self.set_title((item.label if words.classes else "") or words.noun.capitalize())
        # a long path may break after each folder and after each part of a name
        shown = re.sub(r"([/_-])", "\\1\u200b", item.path)
        self.values["file"].setText(f"{shown} · {item.part}" if item.part else shown)
        self.values["use"].setText(_SPLITS.get(item.split, item.split or ""))
        self.values["size"].setText(self._size(item))
        self.problem.setText(item.problem)
        self.problem.setVisible(bool(item.problem))
        if not words.classes:
            column = item.texts[1][0] if len(item.texts) > 1 else ""
            self.truth.show_text(item.label, title=column if len(column) > 1 else words.truth)
            more = " …" if words.look == "texts" else ""
            self.asked.setText(item.texts[0][1] + more if item.texts else "")
        if self._call is not None:
            self._call.cancel()
            self._call = None
        if words.look == "sounds":
            self._call = host.call(self, "sound", {"path": path}, success=self._sound_came, failure=self._failed)
        elif words.look not in ("pairs", "texts"):
            self.picture.set_picture(None)
            asked = {"path": path, "at_most": 1200, **({"part": item.part, "index": index} if item.part else {})}
            self._call = host.call(self, "image", asked, success=self._came, failure=self._failed)

    def _size(self, item: Any) -> str:
        if self._words.look == "pairs":
            return f"{len(item.texts[0][1]) if item.texts else 0:,} and {len(item.label):,} characters"
        if self._words.look == "sounds" and item.length:
            return f"{item.length:.1f} s · {_bytes(item.bytes)}"
        pixels = f"{item.width:,} × {item.height:,} · " if item.width and item.height else ""
        return pixels + _bytes(item.bytes)

    def _came(self, result: dict[str, Any]) -> None:
        pixmap = pixmap_of(result["image"])
        if self._words.look == "lines":
            tall = round(self.picture.width() * pixmap.height() / max(1, pixmap.width()))
            self.picture.setFixedHeight(min(_TALLEST_LINE, max(24, tall)))
        self.picture.set_picture(pixmap)

    def _sound_came(self, result: dict[str, Any]) -> None:
        view = view_from_json(result["view"])
        assert isinstance(view, Audio)
        self.picture.setVisible(False)
        if self.sound is None:
            self.sound = AudioPainter(view)
            self.sound.setFixedHeight(128)
            self.body.insertWidget(self.body.indexOf(self.picture), self.sound)
        else:
            self.sound.stop()
            self.sound.set_view(view)
        self.sound.setVisible(True)

    def _failed(self, trouble: Trouble) -> None:
        if self.sound is not None:
            self.sound.setVisible(False)
        self.picture.setVisible(True)
        self.picture.set_picture(None, trouble.sentence)

    def hideEvent(self, event: object) -> None:
        """Qt's: what is put away falls silent."""
        if self.sound is not None:
            self.sound.stop()

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
