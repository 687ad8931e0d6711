"""A picture of a whole page: its lines are found, the person moves the cuts, the lines are read."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from trasluz.ui import theme
from trasluz.ui.steps import plural
from trasluz.ui.thumbnails import pixmap_of
from trasluz.ui.widgets import Card, Label, PrimaryButton, SmallButton
from trasluz.ui.widgets.basic import Painted

if TYPE_CHECKING:
    from trasluz.ui.bridge.call import Call, Trouble
    from trasluz.ui.session import Session

_REACH = 7.0
_LEAST = 0.006


class PageBoxes(Painted):
    """The page with a box around each line. Drag an edge, drag inside to move, drag on the page for a new one.

    Arrow keys go through the boxes, Shift and the arrows move the chosen one, Delete takes it away.
    """

    changed = Signal()
    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes: list[list[float]] = []
        """Left, top, right, bottom, as shares of the page; from the top of the page down."""
        self.current = -1
        self._pixmap: QPixmap | None = None
        self._grip: tuple[int, str, QPointF] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 240)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("The page and its lines")

    def show_page(self, pixmap: QPixmap, boxes: Sequence[Sequence[float]]) -> None:
        """Show a page with these boxes."""
        self._pixmap, self.boxes, self.current = pixmap, [list(map(float, b)) for b in boxes], -1
        self._tell()

    def choose(self, number: int) -> None:
        """Mark a box."""
        self.current = number if 0 <= number < len(self.boxes) else -1
        self.update()

    def remove(self) -> None:
        """Take the chosen box away."""
        if 0 <= self.current < len(self.boxes):
            del self.boxes[self.current]
            self.current = min(self.current, len(self.boxes) - 1)
            self._tell()

    def _tell(self) -> None:
        self.setAccessibleDescription(plural(len(self.boxes), "line"))
        self.update()
        self.changed.emit()

    # places

    def page(self) -> QRectF:
        """Where the page is drawn."""
        if self._pixmap is None:
            return QRectF(self.rect())
        room = QRectF(self.rect()).adjusted(2, 2, -2, -2)
        scale = min(room.width() / self._pixmap.width(), room.height() / self._pixmap.height())
        width, height = self._pixmap.width() * scale, self._pixmap.height() * scale
        return QRectF(room.left() + (room.width() - width) / 2, room.top(), width, height)

    def place(self, number: int) -> QRectF:
        """Where a box is drawn."""
        page, (left, top, right, bottom) = self.page(), self.boxes[number]
        return QRectF(
            page.left() + left * page.width(),
            page.top() + top * page.height(),
            (right - left) * page.width(),
            (bottom - top) * page.height(),
        )

    def _share(self, point: QPointF) -> tuple[float, float]:
        page = self.page()
        x = min(1.0, max(0.0, (point.x() - page.left()) / max(1.0, page.width())))
        return x, min(1.0, max(0.0, (point.y() - page.top()) / max(1.0, page.height())))

    def _found(self, point: QPointF) -> tuple[int, str]:
        """The box under a point and what of it: `left`, `top`, `right`, `bottom`, `whole`; -1 where there is none."""
        order = sorted(range(len(self.boxes)), key=lambda i: i != self.current)
        for number in order:
            place = self.place(number)
            if not place.adjusted(-_REACH, -_REACH, _REACH, _REACH).contains(point):
                continue
            reach = min(_REACH, place.height() / 3)
            for side, far in (
                ("top", abs(point.y() - place.top())),
                ("bottom", abs(point.y() - place.bottom())),
                ("left", abs(point.x() - place.left())),
                ("right", abs(point.x() - place.right())),
            ):
                if far <= reach:
                    return number, side
            if place.contains(point):
                return number, "whole"
        return -1, ""

    # mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's: take hold of a box, or begin a new one."""
        if self._pixmap is None:
            return
        number, side = self._found(event.position())
        if number < 0:
            x, y = self._share(event.position())
            self.boxes.append([x, y, x, y])
            number, side = len(self.boxes) - 1, "new"
        self.current = number
        self._grip = (number, side, event.position())
        self.chosen.emit(number)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's: move what is held, or show what could be."""
        if self._grip is None:
            _, side = self._found(event.position())
            shapes = {"top": Qt.CursorShape.SizeVerCursor, "bottom": Qt.CursorShape.SizeVerCursor}
            shapes |= {"left": Qt.CursorShape.SizeHorCursor, "right": Qt.CursorShape.SizeHorCursor}
            shapes |= {"whole": Qt.CursorShape.SizeAllCursor}
            self.setCursor(shapes.get(side, Qt.CursorShape.CrossCursor))
            return
        number, side, start = self._grip
        box, (x, y) = self.boxes[number], self._share(event.position())
        if side == "new":
            box[2], box[3] = x, y
        elif side == "whole":
            x0, y0 = self._share(start)
            self._shift(box, x - x0, y - y0)
            self._grip = (number, side, event.position())
        else:
            box[{"left": 0, "top": 1, "right": 2, "bottom": 3}[side]] = x if side in ("left", "right") else y
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Qt's: what was drawn too small is none; the boxes are put in order again."""
        if self._grip is None:
            return
        number = self._grip[0]
        self._grip = None
        box = self.boxes[number]
        box[0], box[2] = sorted((box[0], box[2]))
        box[1], box[3] = sorted((box[1], box[3]))
        if box[2] - box[0] < _LEAST or box[3] - box[1] < _LEAST:
            del self.boxes[number]
            self.current = -1
        else:
            self.boxes.sort(key=lambda b: (b[1] + b[3], b[0]))
            self.current = self.boxes.index(box)
        self._tell()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: through the boxes, move one, take one away."""
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove()
        elif key in steps and event.modifiers() & Qt.KeyboardModifier.ShiftModifier and self.current >= 0:
            by = 0.003 * steps[key]
            sideways = key in (Qt.Key.Key_Left, Qt.Key.Key_Right)
            self._shift(self.boxes[self.current], by if sideways else 0.0, 0.0 if sideways else by)
            self._tell()
        elif key in steps and self.boxes:
            self.choose(min(len(self.boxes) - 1, max(0, self.current + steps[key])))
            self.chosen.emit(self.current)
        else:
            super().keyPressEvent(event)

    @staticmethod
    def _shift(box: list[float], x: float, y: float) -> None:
        x = min(1 - box[2], max(-box[0], x))
        y = min(1 - box[3], max(-box[1], y))
        box[0], box[2], box[1], box[3] = box[0] + x, box[2] + x, box[1] + y, box[3] + y

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's: the page, and the boxes with their numbers."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        if self._pixmap is None:
            return
        painter.drawPixmap(self.page(), self._pixmap, QRectF(self._pixmap.rect()))
        painter.setFont(theme.font("caption"))
        for number in range(len(self.boxes)):
            place, marked = self.place(number).normalized(), number == self.current
            painter.setPen(QPen(theme.color("accent"), 2.4 if marked else 1.4))
            painter.setBrush(theme.color("accent", 0.16 if marked else 0.05))
            painter.drawRoundedRect(place, 3, 3)
            badge = QRectF(max(0.0, place.left() - 24), place.center().y() - 8, 20, 16)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent"))
            painter.drawRoundedRect(badge, 4, 4)
            painter.setPen(theme.color("panel"))
            painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, str(number + 1))


class PageCutter(QWidget):
    """The page at the left, what was read at the right."""

    closed = Signal()
    opened = Signal(list)
    """The lines' pictures, to be looked at one by one."""

    def __init__(self) -> None:
        super().__init__()
        self._session: Session | None = None
        self._model = self._path = ""
        self._call: Call | None = None
        self._lines: list[str] = []
        self.page = PageBoxes()
        self.page.changed.connect(self._count)
        self.page.chosen.connect(self._mark)
        self.read_button = PrimaryButton("Read the lines", self.read)
        self.trouble = Label("", "bad", wrap=True)
        left = Card("The page")
        left.body.addWidget(self.page, 1)
        how = "Drag an edge to move a cut, drag on the page for a new line; Delete takes the chosen one away."
        left.body.addWidget(Label(how, "muted", wrap=True))
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setFont(theme.font("body"))
        self.text.setAccessibleName("What was read")
        self.text.setPlaceholderText("What is read stands here, line by line.")
        self.right = Card("What it reads")
        self.open_button = SmallButton("Line by line", lambda: self.opened.emit(list(self._lines)))
        self.right.head.addWidget(self.open_button)
        self.right.head.addWidget(SmallButton("Copy", self._copy))
        self.right.head.addWidget(SmallButton("Close", self._close))
        self.right.body.addWidget(self.text, 1)
        self.right.body.addWidget(self.trouble)
        column = QVBoxLayout()
        column.setSpacing(12)
        column.addWidget(self.right, 1)
        column.addWidget(self.read_button, 0, Qt.AlignmentFlag.AlignRight)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(left, 3)
        row.addLayout(column, 2)
        self._count()

    def show_page(self, session: "Session", model: Path, path: Path) -> None:
        """Find the lines of a page."""
        self.stop()
        self._session, self._model, self._path = session, str(model), str(path)
        self.text.setPlainText("")
        self.trouble.setText("")
        self._lines = []
        self.page.show_page(QPixmap(1, 1), ())
        self.right.set_title("What it reads", path.name)
        self._ask("split_page", {"path": self._path}, self._split)

    def _split(self, found: dict[str, Any]) -> None:
        self._call = None
        self.page.show_page(pixmap_of(found["image"]), found["boxes"])
        if not found["boxes"]:
            self.trouble.setText("No line was found on it: drag one around each line yourself.")

    def read(self) -> None:
        """Cut the lines as they are boxed now, and read them."""
        self.trouble.setText("")
        self.read_button.setEnabled(False)
        self._ask("cut_page", {"path": self._path, "boxes": [list(b) for b in self.page.boxes]}, self._cut)

    def _cut(self, found: dict[str, Any]) -> None:
        self._lines = [str(path) for path in found["lines"]]
        if self._session is not None:
            params = {"model": self._model, "inputs": self._lines, "device": self._session.device}
            self._ask("predict", params, self._read)

    def _read(self, found: dict[str, Any]) -> None:
        self._call = None
        rows = found["predictions"]
        self.text.setPlainText("\n".join(str(row.get("text") or row.get("error") or "") for row in rows))
        self._count()

    def _mark(self, number: int) -> None:
        block = self.text.document().findBlockByNumber(number)
        if number >= 0 and block.isValid() and self.text.toPlainText():
            cursor = self.text.textCursor()
            cursor.setPosition(block.position())
            cursor.movePosition(cursor.MoveOperation.EndOfBlock, cursor.MoveMode.KeepAnchor)
            self.text.setTextCursor(cursor)

    def _count(self) -> None:
        count = len(self.page.boxes)
        self.read_button.setText(f"Read {plural(count, 'line')} →" if count else "Read the lines →")
        self.read_button.setEnabled(bool(count))
        self.open_button.setEnabled(bool(self._lines))

    def _copy(self) -> None:
        from PySide6.QtGui import QGuiApplication

        QGuiApplication.clipboard().setText(self.text.toPlainText())

    def _close(self) -> None:
        self.stop()
        self.closed.emit()

    def stop(self) -> None:
        """Ask for nothing more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _ask(self, method: str, params: dict[str, Any], success: Any) -> None:
        if self._session is not None:
            self._call = self._session.host.call(self, method, params, success=success, failure=self._failed)

    def _failed(self, trouble: "Trouble") -> None:
        self._call = None
        self.trouble.setText(trouble.sentence)
        self._count()
