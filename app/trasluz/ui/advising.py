"""Advice for the data that is open, asked of the host once it is known; pages show it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, Signal

from .bridge.call import Call, Trouble

if TYPE_CHECKING:
    from trasluz.api import Advice

    from .session import Session


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the measuring of one family's advice has come.

    Attributes:
        state: `measuring`, `done`, or `failed` where it could not be measured.
        advice: What came of it.
        words: What is being done, or why it failed.
        fraction: How much of it is done, where that is known.
    """

    state: Literal["measuring", "done", "failed"]
    advice: "Advice | None" = None
    words: str = ""
    fraction: float | None = None


class Advising(QObject):
    """Asks for the advice of each family that has some, for the data that is open, and keeps the answers."""

    changed = Signal(str)
    """The standing of this family changed."""

    def __init__(self, session: "Session") -> None:
        super().__init__(session)
        self._session = session
        self._standings: dict[str, Standing] = {}
        self._calls: dict[str, Call] = {}
        self._fingerprint = ""
        session.data_changed.connect(self.measure)
        session.catalogue_changed.connect(self.measure)
        session.project_changed.connect(self.forget)
        session.run_state_changed.connect(self._run_stands)

    def standing(self, family: str) -> Standing | None:
        """How the advice of a family stands; None where it has none for this data."""
        return self._standings.get(family)

    def forget(self) -> None:
        """Drop all answers, and the questions under way."""
        for call in self._calls.values():
            call.cancel()
        self._calls.clear()
        self._standings.clear()
        self._fingerprint = ""

    def measure(self) -> None:
        """Ask every family that was not asked yet about this data."""
        session = self._session
        if session.project is None or session.summary is None:
            return
        if session.summary.fingerprint != self._fingerprint:
            self.forget()
            self._fingerprint = session.summary.fingerprint
        for family in session.catalogue.get("families", []):
            if family.get("gives_advice") and session.summary.kind in family["kinds"]:
                self._ask(str(family["id"]))

    def _ask(self, family: str) -> None:
        project = self._session.project
        if project is None or family in self._standings:
            return
        self._stand(family, Standing("measuring", words="Getting ready"))
        self._calls[family] = self._session.host.call(
            self,
            "advise",
            {
                "data": str(project.data),
                "family": family,
                "index": str(project.index_path),
                "cache": str(project.cache_folder),
                "device": self._session.device,
            },
            success=lambda found: self._came(family, found),
            failure=lambda trouble: self._failed(family, trouble),
            progress=lambda step: self._step(family, step),
        )

    def _stand(self, family: str, standing: Standing) -> None:
        self._standings[family] = standing
        self.changed.emit(family)

    def _step(self, family: str, step: dict[str, Any]) -> None:
        done, total = step.get("done") or 0, step.get("total")
        words = f"{step['stage']}: {done:,.0f} of {total:,.0f}" if total else str(step["stage"])
        self._stand(family, Standing("measuring", words=words, fraction=done / total if total else None))

    def _came(self, family: str, found: dict[str, Any]) -> None:
        from trasluz.api import Advice

        self._calls.pop(family, None)
        self._stand(family, Standing("done", advice=Advice.from_json(found)))

    def _failed(self, family: str, trouble: Trouble) -> None:
        self._calls.pop(family, None)
        self._stand(family, Standing("failed", words=trouble.sentence))

    def _run_stands(self, state: str) -> None:
        """A new model may change the advice of a family that learns from models: it is asked once more."""
        if state != "finished":
            return
        for family, standing in list(self._standings.items()):
            if standing.advice is not None and standing.advice.facts.get("looks_at_models"):
                self.again(family)

    def again(self, family: str) -> None:
        """Ask once more, after it failed."""
        if family not in self._calls:
            self._standings.pop(family, None)
            self._ask(family)
