"""What is being learned from at this moment: a few items of the batch, as the network sees them."""

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

from trasluz.ui.widgets import Card

from .pictures import PictureStrip, Seen

if TYPE_CHECKING:
    from trasluz.api import Sampled
    from trasluz.core.runs.folder import RunFolder
    from trasluz.ui.session import Session

_COUNT = 4


class SamplesCard(Card):
    """The run tells which items, and by which draw each is altered; the host makes them again, here they are shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("It is learning from", parent=parent)
        self._shown: Sampled | None = None
        self._nothing = False
        """Whether this run has nothing that could be shown."""
        self.strip = PictureStrip("What it is learning from")
        self.strip.expect(_COUNT)
        self.strip.setToolTip("As the network sees it; under the pointer: as it is")
        self.body.addStretch(1)
        self.body.addWidget(self.strip)
        self.body.addStretch(1)
        self.setVisible(False)

    def forget(self) -> None:
        """Another run: nothing is known of it yet."""
        self._shown = None
        self._nothing = False
        self.strip.show_items(())
        self.setVisible(False)

    def show_samples(self, session: "Session", run: "RunFolder", sampled: "Sampled | None", *, running: bool) -> None:
        """Show the latest items that the run told of, if it did."""
        self.setVisible(sampled is not None and not self._nothing)
        self.set_title("It is learning from" if running else "It learned from")
        if sampled is None or sampled is self._shown:
            return
        self._shown = sampled
        if not self.strip.items:
            self.strip.expect(_COUNT, session.words.look)
        request = run.request
        index = run.index_path if run.index_path.exists() else run.inside(request.index) if request.index else None
        if index is None:
            self.setVisible(False)
            return
        session.host.call(
            self,
            "varied",
            {
                "family": request.family,
                "settings": request.settings,
                "index": str(index),
                "items": [item.model_dump(mode="json") for item in sampled.items],
                "count": len(sampled.items),
            },
            success=lambda found: self._came(sampled, found),
            failure=lambda _trouble: None,  # a moment's picture; the next one comes soon
        )

    def _came(self, sampled: "Sampled", found: dict[str, Any]) -> None:
        if sampled is self._shown:
            self.strip.show_items([Seen.of(item) for item in found["items"][:_COUNT]])
            self._nothing = not self.strip.items
            self.setVisible(not self._nothing)
