"""The one idiom for work in the background: `parent, what, success, failure, progress`.

Whoever does the work (a thread here, the host there), the callbacks come on the window's thread, in order, and only
while the parent lives and the call was not cancelled.
"""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal

Success = Callable[[Any], object]
Report = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something did not work.

    Attributes:
        sentence: For the person: what happened, where, what to do.
        details: For whoever looks closer: a traceback; often empty.
        kind: `data`, `usage`, `failed`, or `died` where the host went away.
    """

    sentence: str
    details: str = ""
    kind: str = "failed"

    @classmethod
    def of(cls, error: BaseException) -> "Trouble":
        """Make one from an exception; its own `sentence`, `details` and `kind` are taken where it has them."""
        sentence = str(getattr(error, "sentence", "") or error) or f"Something went wrong ({type(error).__name__})."
        details = getattr(error, "details", None)
        if details is None:
            details = "".join(traceback.format_exception(error))
        return cls(sentence, str(details), str(getattr(error, "kind", "failed")))


Failure = Callable[[Trouble], object]


class Call:
    """Something under way. `cancel` drops its callbacks at once and asks the work to end."""

    def __init__(
        self, parent: QObject, *, success: Success | None, failure: Failure | None, progress: Report | None
    ) -> None:
        self._parent: QObject | None = parent
        self._success, self._failure, self._progress = success, failure, progress
        self._on_cancel: Callable[[], object] | None = None
        self.cancelled = False
        self.done = False

    @property
    def wanted(self) -> bool:
        """Whether anyone still waits for it."""
        return not self.cancelled and not self.done and self._parent is not None and shiboken6.isValid(self._parent)

    @property
    def wants_failure(self) -> bool:
        """Whether the caller looks after failures itself."""
        return self._failure is not None

    def cancel(self) -> None:
        """Forget it. Nothing is called after this."""
        if self.done or self.cancelled:
            return
        self.cancelled = True
        self._forget()
        if self._on_cancel is not None:
            self._on_cancel()

    def when_cancelled(self, action: Callable[[], object]) -> None:
        """Have `action` called by `cancel`, so that the work itself can end."""
        self._on_cancel = action

    def succeed(self, result: Any) -> None:
        """Hand over the result (window's thread)."""
        if self.wanted:
            action = self._success
            self._finish()
            if action is not None:
                action(result)

    def fail(self, trouble: Trouble) -> None:
        """Hand over the trouble (window's thread)."""
        if self.wanted:
            action = self._failure
            self._finish()
            if action is not None:
                action(trouble)

    def report(self, value: Any) -> None:
        """Hand over a piece of progress (window's thread)."""
        if self.wanted and self._progress is not None:
            self._progress(value)

    def _finish(self) -> None:
        self.done = True
        self._forget()

    def _forget(self) -> None:
        self._parent = self._success = self._failure = self._progress = None


class Courier(QObject):
    """Carries things to the window's thread; the base of the bridges."""

    trouble = Signal(object)
    """A `Trouble` that no caller looks after; the window shows it."""
    _arrived = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._arrived.connect(self._open, Qt.ConnectionType.QueuedConnection)
        self._calls: set[Call] = set()

    @property
    def idle(self) -> bool:
        """Whether nobody waits for anything."""
        self._calls = {call for call in self._calls if call.wanted}
        return not self._calls

    def keep(self, call: Call) -> Call:
        """Count a call among those under way."""
        if len(self._calls) > 256:
            self._calls = {call for call in self._calls if call.wanted}
        self._calls.add(call)
        return call

    def hand_over(self, action: Callable[[], object]) -> None:
        """Have `action` called on the window's thread; safe from any thread, also while the program ends."""
        if shiboken6.isValid(self):
            # the window may go away between the question and the call
            try:
                self._arrived.emit(action)
            except RuntimeError:
                return

    def hand_over_failure(self, call: Call, error: BaseException) -> None:
        """Tell the caller what went wrong, or the window where the caller does not look."""
        trouble = Trouble.of(error)

        def tell() -> None:
            if not call.wanted:
                return
            looked_after = call.wants_failure
            call.fail(trouble)
            # that the host died is said once, by its bridge, not by each call that was under way
            if not looked_after and trouble.kind != "died":
                self.trouble.emit(trouble)

        self.hand_over(tell)

    def _open(self, action: Callable[[], object]) -> None:
        action()
