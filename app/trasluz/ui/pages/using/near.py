"""The training photos nearest to the one that is answered, in a strip beside the answer."""

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from trasluz.api import Samples, view_from_json
from trasluz.ui.views.samples import SamplesPainter
from trasluz.ui.widgets import Label

if TYPE_CHECKING:
    from trasluz.ui.bridge.call import Call
    from trasluz.ui.session import Session

VIEW = "nearest-photos"
_SHOWN = 4


class _Pairs(SamplesPainter):
    """Two to a row, however narrow the place is."""

    def _columns(self, width: float) -> int:
        return 2


class NearStrip(QWidget):
    """Asks for the nearest photos and shows the first few with their classes; away where the model has none."""

    def __init__(self) -> None:
        super().__init__()
        self._call: Call | None = None
        self.painter = _Pairs(Samples("", ()))
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.painter.setSizePolicy(policy)
        self.painter.setMinimumHeight(60)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self.title = Label("", "strong")
        layout.addWidget(self.title)
        layout.addWidget(self.painter)
        self.setVisible(False)

    def ask(self, session: "Session", *, model: str, path: str, view: str, device: str) -> None:
        """Show the photos nearest to this one when they are found; the earlier ones stay until then."""
        self.cancel()
        params = {"model": model, "input": path, "view": view, "device": device}
        self._call = session.host.call(self, "explain", params, success=self._came, failure=lambda _trouble: None)

    def cancel(self) -> None:
        """Ask no more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def forget(self) -> None:
        """Show nothing."""
        self.cancel()
        self.setVisible(False)

    def _came(self, found: dict[str, Any]) -> None:
        view = view_from_json(found["view"])
        if not isinstance(view, Samples):
            return
        shown = Samples(view.title, tuple(view.items)[:_SHOWN], unit=view.unit)
        self.painter.set_view(shown)
        self.title.setText(view.title)
        self.title.setToolTip(f"What it was reminded of: the network sees these as most alike. {view.caption}")
        self.setVisible(bool(view.items))
