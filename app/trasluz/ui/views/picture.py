"""A view as a picture file, painted without a window."""

import math
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from trasluz.api import View
from trasluz.ui import theme

from .canvas import Canvas, write
from .colour import inks
from .painters import painter_for

_MARGIN = 24.0
_TITLE = 36.0


def render(view: View, path: Path, size: tuple[int, int] | None = None, *, scale: float = 2.0) -> Path:
    """Paint a view into a picture file; its ending says the format.

    In a process without a window set `QT_QPA_PLATFORM=offscreen` first; an application is made where none is.

    Args:
        view: What to paint.
        path: Where to write it.
        size: Width and height on the page; a width of 900 and the height that suits it where None.
        scale: Pixels for each of those units.

    Raises:
        OSError: If the file cannot be written; the message says which.
    """
    _application()
    painter = painter_for(view)
    painter.setFont(theme.font("body"))
    width = size[0] if size else 900
    height = size[1] if size else math.ceil(painter.wanted_height(width - 2 * _MARGIN) + 2 * _MARGIN + _TITLE)
    image = picture_of(painter, QSize(width, height), scale=scale)
    painter.deleteLater()
    path = Path(path)
    if not image.save(str(path)):
        raise OSError(f"no picture could be written to {path}")
    return path


def picture_of(painter: Canvas, size: QSize, *, scale: float = 2.0) -> QImage:
    """Paint a painter's view with its title on a sheet of that size."""
    image = QImage(round(size.width() * scale), round(size.height() * scale), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(scale)
    image.fill(inks().panel)
    brush = QPainter(image)
    brush.setRenderHints(
        QPainter.RenderHint.Antialiasing
        | QPainter.RenderHint.TextAntialiasing
        | QPainter.RenderHint.SmoothPixmapTransform
    )
    sheet = QRectF(0, 0, size.width(), size.height()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
    title = QRectF(sheet.left(), sheet.top() - 4, sheet.width(), 24)
    write(
        brush,
        title,
        painter.view.title,
        font=theme.font("heading"),
        colour=inks().ink,
        align=Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
    )
    painter.draw(brush, sheet.adjusted(0, _TITLE, 0, 0))
    brush.end()
    return image


def _application() -> None:
    if QApplication.instance() is None:
        # kept alive on the theme, for Qt's fonts need it as long as the process paints
        app = QApplication([])
        theme.theme().install(app, "light")
        _application.kept = app  # type: ignore[attr-defined]
