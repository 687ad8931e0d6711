"""The last test: the model on what the data keeps apart, which it neither learned from nor was chosen by."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal

from trasluz.api import Interval, ModelCard
from trasluz.ui.steps import plural
from trasluz.ui.widgets import SecondaryButton

from .verdict import Verdict, verdict_of

if TYPE_CHECKING:
    from trasluz.ui.bridge.call import Call, Trouble
    from trasluz.ui.session import Session

_TIP = (
    "Scores the model on what your data keeps apart for a test. It is one as long as nothing is chosen by it: take it "
    "when you have chosen."
)
_BUSY = "last-test"


class LastTest(SecondaryButton):
    """Takes the test, and leaves it again.

    Signals:
        taken: The verdict on the test part, a `Verdict`.
        left: The person is done with it.
    """

    taken = Signal(object)
    left = Signal()

    def __init__(self) -> None:
        super().__init__("Last test", self._turn, tip=_TIP)
        self._session: Session | None = None
        self._card: ModelCard | None = None
        self._call: Call | None = None
        self._on = False

    def offered(self, session: "Session", verdict: Verdict) -> bool:
        """Whether the data has a part for it; `verdict` is the one that is shown."""
        self._session, self._card, self._on = session, verdict.card, verdict.split == "test"
        kept = sum(session.summary.counts.get("test", {}).values()) if session.summary is not None else 0
        self._name("Leave the test" if self._on else f"Last test: {plural(kept, session.words.noun)}")
        return self._on or bool(kept and session.run is not None and session.run.folder.index_path.exists())

    def _name(self, words: str) -> None:
        words = words if self._call is None else "Testing…"
        self.setText(words)
        self.setAccessibleName(words)

    def _turn(self) -> None:
        session = self._session
        if self._on:
            self.left.emit()
        elif session is not None and session.run is not None and self._call is None:
            folder = session.run.folder
            session.set_busy(_BUSY, "Taking the last test")
            asked = {
                "model": str(folder.model_folder),
                "data": str(folder.inside(folder.request.data)),
                "index": str(folder.index_path),
                "split": "test",
                "device": session.device,
            }
            card, path = self._card, folder.path

            def came(found: dict[str, Any]) -> None:
                self._end()
                if card is not None and session.run is not None and session.run.folder.path == path:
                    self.taken.emit(tested(card, found))

            self._call = session.host.call(self, "evaluate", asked, success=came, failure=self._failed)
            self._name("")

    def _failed(self, trouble: "Trouble") -> None:
        self._end()
        self._name("Last test")
        if self._session is not None:
            self._session.say(trouble.sentence, "warn")

    def _end(self) -> None:
        self._call = None
        if self._session is not None:
            self._session.set_busy(_BUSY, "")


def tested(card: ModelCard, found: dict[str, Any]) -> Verdict:
    """Make the verdict on the test part of what `evaluate` gives; the card tells the figures of the val part."""
    interval = Interval.model_validate(found["interval"]) if found.get("interval") else None
    figures = {"metrics": dict(found["metrics"]), "interval": interval, "worth": ""}
    verdict = verdict_of(card.model_copy(update=figures), found["judgement"])
    verdict.curve = None  # from when on to say “don't know” is chosen, and not by the test
    verdict.before_test = card.metrics.get(card.headline)
    return verdict
