"""Thumbnails on demand: asked of the host, kept while there is room, dropped when scrolled away."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPen, QPixmap

from . import theme
from .bridge.call import Call, Trouble
from .bridge.host import HostBridge

_ROOM = 96 * 2**20
_AT_ONCE = 6
_MOST_FAILED = 20_000
_ASKED_ANEW = 60
_BETWEEN = "\0"
_SERIES = 256
"""Pixels of a side of the picture of a series; what shows it larger paints its lines."""


def pixmap_of(array: Any) -> QPixmap:
    """An (H, W, 3) uint8 RGB array as a pixmap."""
    height, width, channels = array.shape
    if channels != 3:
        raise ValueError("a picture has three channels")
    # the copy lets go of the wire's buffer; rows are tightly packed
    image = QImage(array.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
    return QPixmap.fromImage(image.copy())


class Thumbnails(QObject):
    """A cache of small pictures by absolute path.

    A key is an absolute path, or a path with a part (`key_of`), which the list of the data at `index` knows. A
    recording is drawn as its waveform, in the window's own colours. A view says what it shows now by `want`; what is
    no longer wanted is not fetched. `get` never waits.
    """

    came = Signal(str)
    """The picture of that path can be had, or has failed."""

    def __init__(self, host: HostBridge, parent: QObject | None = None, *, size: int = 256, room: int = _ROOM) -> None:
        super().__init__(parent)
        self._host = host
        self._size = size
        self._room = room
        self._held: OrderedDict[str, QPixmap] = OrderedDict()
        self._bytes = 0
        self._failed: OrderedDict[str, str] = OrderedDict()
        self._queue: list[str] = []
        self._under_way: dict[str, Call] = {}
        self._waves: set[str] = set()
        self._lines: dict[str, Any] = {}
        self.index = ""
        """The list of the data (`core.data.index`), where keys have parts."""
        theme.theme().changed.connect(self._drop_waves)

    def get(self, path: str) -> QPixmap | None:
        """The picture, or None where it is not there (yet)."""
        if path in self._held:
            self._held.move_to_end(path)
        return self._held.get(path)

    def is_wave(self, path: str) -> bool:
        """Whether the picture is the waveform of a recording, which has no width of its own."""
        return path in self._waves

    def lines(self, path: str) -> Any:
        """The channels of a series as `paint_series` paints them at any size; None of anything else."""
        return self._lines.get(path)

    def failure(self, path: str) -> str:
        """Why there is no picture, or empty."""
        return self._failed.get(path, "")

    def want(self, paths: Sequence[str]) -> None:
        """Fetch these, first ones first, and forget whatever else was asked for."""
        wanted = set(paths)
        for path in [p for p in self._under_way if p not in wanted]:
            self._under_way.pop(path).cancel()
        self._queue = [p for p in paths if p not in self._held and p not in self._failed and p not in self._under_way]
        self._next()

    def clear(self) -> None:
        """Forget everything, e.g. when other data is opened."""
        self.want(())
        self._held.clear()
        self._lines.clear()
        self._failed.clear()
        self._bytes = 0

    @property
    def waiting(self) -> int:
        """How many are asked for and not here."""
        return len(self._queue) + len(self._under_way)

    @property
    def held_bytes(self) -> int:
        """How much memory the pictures take."""
        return self._bytes

    def _next(self) -> None:
        while self._queue and len(self._under_way) < _AT_ONCE:
            path = self._queue.pop(0)
            place, _, part = path.partition(_BETWEEN)
            inside = {"part": part, "index": self.index} if part else {}
            self._under_way[path] = self._host.call(
                self,
                "thumbnail",
                {"path": place, "size": self._size, **inside},
                success=lambda result, p=path: self._came(p, result),
                failure=lambda trouble, p=path: self._no(p, trouble),
            )

    def _drop_waves(self) -> None:
        """They are drawn in colours of a theme, and asked for anew."""
        dropped = [p for p in self._held if p in self._waves]
        for path in dropped:
            self._bytes -= _weight(self._held.pop(path))
        self._waves.clear()
        self._queue += dropped[-_ASKED_ANEW:]
        self._next()

    def _came(self, path: str, found: dict[str, Any]) -> None:
        self._under_way.pop(path, None)
        if "high" in found:
            picture = drawn_wave(found["low"], found["high"], self._size)
            self._waves.add(path)
        elif "lines" in found:
            picture = drawn_lines(found["lines"], min(self._size, _SERIES))
            self._lines[path] = found["lines"]
            self._waves.add(path)
        else:
            picture = pixmap_of(found["image"])
        self._held[path] = picture
        self._bytes += _weight(picture)
        while self._bytes > self._room and len(self._held) > 1:
            gone, old = self._held.popitem(last=False)
            self._lines.pop(gone, None)
            self._bytes -= _weight(old)
        self.came.emit(path)
        self._next()

    def _no(self, path: str, trouble: Trouble) -> None:
        self._under_way.pop(path, None)
        if trouble.kind != "died":
            # a host that died is not the photo's fault; asked again when it is next looked at
            self._failed[path] = trouble.sentence
            if len(self._failed) > _MOST_FAILED:
                self._failed.popitem(last=False)
        self.came.emit(path)
        self._next()


def key_of(path: str, part: str = "") -> str:
    """What a picture is asked by: of a whole file, or of a part of it."""
    return f"{path}{_BETWEEN}{part}" if part else path


def drawn_wave(low: Any, high: Any, width: int) -> QPixmap:
    """The envelope of a recording, (N,) each from -1 to 1, as a strip five times as wide as tall, on nothing."""
    count, tall = len(high), max(8, width // 5)
    picture = QPixmap(width, tall)
    picture.fill(Qt.GlobalColor.transparent)
    loudest = max(0.02, *(abs(float(v)) for v in (*low, *high)))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.series_color(0), max(1.0, width / count * 0.7)))
    middle = tall / 2
    for i in range(count):
        x, reach = (i + 0.5) / count * width, (tall / 2 - 2) / loudest
        top, bottom = middle - float(high[i]) * reach, middle - float(low[i]) * reach
        painter.drawLine(QPointF(x, top), QPointF(x, max(bottom, top + 1)))
    painter.end()
    return picture


def drawn_lines(lines: Any, side: int) -> QPixmap:
    """The channels of a series, each from 0 to 1, as lines in a square; a gap where a value is None."""
    picture = QPixmap(side, side)
    picture.fill(theme.color("chip"))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    margin = 0.1 * side
    paint_series(painter, QRectF(margin, margin, side - 2 * margin, side - 2 * margin), lines, max(1.2, side / 90))
    painter.end()
    return picture


def paint_series(painter: QPainter, place: QRectF, lines: Any, wide: float) -> None:
    """The channels of a series, each from 0 to 1, as lines of a width over a place; a gap where a value is None."""
    for number in range(len(lines) - 1, -1, -1):  # the first one lies on top
        values = lines[number]
        painter.setPen(QPen(theme.series_color(number), wide))
        across = place.width() / max(1, len(values) - 1)
        before: QPointF | None = None
        for at, value in enumerate(values):
            point = (
                None if value is None else QPointF(place.left() + at * across, place.bottom() - value * place.height())
            )
            if point is not None and before is not None:
                painter.drawLine(before, point)
            elif point is not None:
                painter.drawPoint(point)
            before = point


def _weight(picture: QPixmap) -> int:
    return picture.width() * picture.height() * 4


def cover(picture: QPixmap, width: int, height: int) -> QPixmap:
    """The picture scaled and cut in the middle so that it fills a box (device pixels)."""
    scaled = picture.scaled(
        width, height, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    )
    return scaled.copy((scaled.width() - width) // 2, (scaled.height() - height) // 2, width, height)
