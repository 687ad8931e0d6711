"""Which painter paints which view."""

from trasluz.api import (
    Alignment,
    Audio,
    Bars,
    Curve,
    Heatmap,
    Matrix,
    Overlay,
    Points,
    Quadrants,
    Reading,
    RichText,
    Samples,
    Stages,
    Tree,
    View,
)

from .audio import AudioPainter
from .bars import BarsPainter
from .canvas import Canvas
from .curve import CurvePainter
from .grid import AlignmentPainter, HeatmapPainter
from .matrix import MatrixPainter
from .overlay import OverlayPainter
from .points import PointsPainter
from .quadrants import QuadrantsPainter
from .reading import ReadingPainter
from .richtext import RichTextPainter
from .samples import SamplesPainter
from .stages import StagesPainter
from .tree import TreePainter

PAINTERS: dict[type, type[Canvas]] = {
    Alignment: AlignmentPainter,
    Audio: AudioPainter,
    Bars: BarsPainter,
    Curve: CurvePainter,
    Heatmap: HeatmapPainter,
    Matrix: MatrixPainter,
    Overlay: OverlayPainter,
    Points: PointsPainter,
    Quadrants: QuadrantsPainter,
    Reading: ReadingPainter,
    RichText: RichTextPainter,
    Samples: SamplesPainter,
    Stages: StagesPainter,
    Tree: TreePainter,
}


def painter_for(view: View) -> Canvas:
    """Return a widget that paints the view.

    Raises:
        ValueError: If nothing paints a view of that type.
    """
    painter = PAINTERS.get(type(view))
    if painter is None:
        raise ValueError(f"nothing here can draw a “{type(view).__name__}”")
    return painter(view)
