"""The row of figures at the top of the Judge page, each with what it is compared to."""

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QWidget

from trasluz.core.nouns import plurals
from trasluz.ui.pages.earlier import best_earlier
from trasluz.ui.pages.using.answer import provider_words
from trasluz.ui.pages.words import metric_words

from .figures import Figure
from .verdict import Verdict

if TYPE_CHECKING:
    from trasluz.ui.session import Session

NO_BREAK = "\u00a0"


class ScoreRow(QWidget):
    """Right answers, the best model before, the check against PyTorch, the speed."""

    def __init__(self) -> None:
        super().__init__()
        self.score = Figure("Right answers", big=True)
        self.before = Figure("Before")
        self.parity = Figure("ONNX against PyTorch")
        self.speed = Figure("One photo takes")
        figures = QHBoxLayout(self)
        figures.setContentsMargins(0, 0, 0, 0)
        figures.setSpacing(12)
        figures.addWidget(self.score, 5)
        for figure in (self.before, self.parity, self.speed):
            figures.addWidget(figure, 4)

    def show_verdict(self, verdict: Verdict, *, noun: str) -> None:
        """Show all but the comparison, which follows the history."""
        words, interval = metric_words(verdict.card.headline), verdict.interval
        between = ""
        if interval is not None and words.share:
            between = f"between {interval.low * 100:.1f} and {interval.high * 100:.1f}"
        elif interval is not None:
            between = f"between {interval.low:.3g} and {interval.high:.3g}"
        tip = f"{words.term}; 95 % interval" + (f" ({interval.method})" if interval is not None else "")
        if verdict.changed and verdict.judged_score is not None:
            between += f"; {words.write(verdict.judged_score)} before you corrected"
            tip += ". By the labels as you corrected them; the model learned from those of its own time."
        score = verdict.score
        self.score.show_figure("–" if score is None else words.write(score), between, title=words.title, tip=tip)
        self._draw_parity(verdict)
        self._draw_speed(verdict, noun)

    def _draw_parity(self, verdict: Verdict) -> None:
        parity = verdict.card.parity
        if parity is None:
            self.parity.show_figure("–", "not compared")
            return
        within = parity.max_abs_diff <= parity.tolerance
        words = metric_words(verdict.card.headline)
        self.parity.show_figure(
            f"{'✓' if within else '✗'} {_small(parity.max_abs_diff)}",
            "apart",
            role="good" if within else "bad",
            tip=f"Largest difference in any output over {parity.items:,} items; {parity.tolerance:g} is allowed. "
            f"PyTorch scores {words.write(parity.pytorch_score, decimals=2)}, "
            f"ONNX Runtime {words.write(parity.onnx_score, decimals=2)}.",
        )

    def _draw_speed(self, verdict: Verdict, noun: str) -> None:
        took = verdict.milliseconds
        if took is None:
            self.speed.show_figure("–", "not timed", title=f"One {noun} takes")
            return
        self.speed.show_figure(
            f"{took:.1f} ms" if took < 100 else f"{took / 1000:.2f} s",
            provider_words(verdict.provider),
            title=f"One {noun} takes",
            tip=f"With decoding, in batches: {verdict.items_per_second or 0:,.0f} {plurals(noun)} a second "
            f"({verdict.provider})",
        )

    def show_before(self, session: "Session | None", verdict: Verdict) -> None:
        """Show the best model before this one."""
        if verdict.before_test is not None:
            words, apart = metric_words(verdict.card.headline), "on what it was chosen by"
            self.before.show_figure(words.write(verdict.before_test), apart, title="Before the test")
            return
        previous = best_earlier(session, verdict.card.headline)
        words = metric_words(verdict.card.headline)
        mine_now = verdict.judged_score
        if previous is None or mine_now is None:
            self.before.show_figure("–", "the first model of this project", title="Before")
            return
        better = (mine_now > previous.score) == words.higher
        mine = verdict.card.interval
        apart = None
        if mine is not None and previous.low is not None and previous.high is not None:
            apart = mine.low > previous.high or mine.high < previous.low
        verdict_words = {True: "likely real", False: "may be chance", None: ""}[apart]
        change = words.difference(mine_now, previous.score)
        data = verdict.card.data
        same = previous.fingerprint == data.fingerprint
        if previous.fingerprint and not same:
            # the same photos with other labels can be held against each other, under “Another run”
            relabelled = previous.uncorrected and previous.uncorrected == (data.uncorrected or data.fingerprint)
            verdict_words = "by other labels" if relabelled else "on other data"
        role: Any = "muted" if not apart or not same else ("good" if better else "bad")
        note = f"now {change}" + (f", {verdict_words.replace(' ', NO_BREAK)}" if verdict_words else "")
        self.before.show_figure(
            words.write(previous.score),
            note,
            title=f"Before: {previous.name or previous.title}",
            role=role,
            tip=f"{previous.title}. The 95 % intervals "
            + ("do not overlap." if apart else "overlap." if apart is False else "are not known."),
        )


def _small(value: float) -> str:
    """Write a tiny number without an exponent, as far as that can be read: `0.0000008`."""
    if value == 0:
        return "0"
    if value < 1e-8:
        return f"{value:.0e}"
    rounded = float(f"{value:.1g}")
    return f"{rounded:.9f}".rstrip("0")
