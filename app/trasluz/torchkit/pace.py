"""How fast a run goes, how long it will take, and what its time limit leaves."""

import time
from collections import deque
from collections.abc import Callable

_WINDOW = 50
_EVENTS_A_SECOND = 5.0


class Pace:
    """Measures steps and validations, and looks ahead.

    Args:
        passes: Passes in all.
        steps: Steps in one pass.
        seconds_left: What is left of the time limit, None without one.
        reserve: Seconds that the export after the loop needs.
        before: Seconds that earlier sittings of the run took.
    """

    def __init__(
        self,
        passes: int,
        steps: int,
        *,
        seconds_left: Callable[[], float | None],
        reserve: float,
        before: float = 0.0,
    ) -> None:
        self._steps = steps
        self._total = passes * steps
        self._seconds_left = seconds_left
        self._reserve = reserve
        self._before = before
        self._start = time.monotonic()
        self._recent: deque[tuple[float, int]] = deque(maxlen=_WINDOW)
        self._mark = self._start
        self._said = 0.0
        self._fraction = 0.0
        self.validating = 0.0
        """Seconds that a validation takes; 0 before the first one."""

    def elapsed(self) -> float:
        """Seconds of the whole run so far, without the interruptions."""
        return self._before + time.monotonic() - self._start

    def start(self) -> None:
        """Begin to time a step; what went before, a validation or a checkpoint, is not counted."""
        self._mark = time.monotonic()

    def stepped(self, items: int) -> None:
        """End a step that learned from `items` items."""
        now = time.monotonic()
        self._recent.append((now - self._mark, items))
        self._mark = now

    def rate(self) -> float | None:
        """Items a second of late, or None before the first step."""
        seconds = sum(each for each, _ in self._recent)
        return sum(items for _, items in self._recent) / seconds if seconds > 0 else None

    def time_for_training(self) -> float | None:
        """Seconds until the last validation and the export must begin, or None without a time limit."""
        left = self._seconds_left()
        return None if left is None else left - self._reserve - 1.2 * self.validating

    def fraction(self, step: int) -> float:
        """How much of the run is done: by steps or by time, whichever runs out first. It never goes back."""
        found = step / max(1, self._total)
        left = self.time_for_training()
        if left is not None:
            elapsed = self.elapsed()
            found = max(found, elapsed / max(1e-9, elapsed + max(0.0, left)))
        self._fraction = max(self._fraction, min(1.0, found))
        return self._fraction

    def seconds_left(self, step: int) -> float | None:
        """Estimate what is left of training, with its validations."""
        if not self._recent:
            return None
        a_step = sum(each for each, _ in self._recent) / len(self._recent)
        ahead = max(0, self._total - step)
        estimate = ahead * a_step + -(-ahead // max(1, self._steps)) * self.validating
        left = self.time_for_training()
        return estimate if left is None else max(0.0, min(estimate, left + self.validating))

    def may_speak(self) -> bool:
        """Whether it is time for the next progress event; about five a second are enough for an eye."""
        now = time.monotonic()
        if now - self._said < 1 / _EVENTS_A_SECOND:
            return False
        self._said = now
        return True
