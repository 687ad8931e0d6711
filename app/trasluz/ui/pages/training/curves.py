"""The card with the live curves."""

import numpy as np
from PySide6.QtWidgets import QSizePolicy

from trasluz.api import Curve, Series
from trasluz.ui.pages.words import metric_words
from trasluz.ui.views.curve import CurvePainter
from trasluz.ui.widgets import Card, Choices

from .story import Story


class CurvesCard(Card):
    """One metric at a time; the others are a click away."""

    def __init__(self) -> None:
        super().__init__("Right answers")
        self._names: list[str] = []
        self._chosen = ""
        self._story = Story()
        self._headline = ""
        self._baselines: dict[str, float] = {}
        self.painter = CurvePainter(Curve("Right answers", (Series("learning", _NONE, _NONE),)))
        self.painter.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._choices = Choices()
        self._choices.turned.connect(lambda number: self.choose(self._names[number]))
        self.body.addWidget(self._choices)
        self.body.addWidget(self.painter, 1)

    def show_story(self, story: Story, headline: str, baselines: dict[str, float]) -> None:
        """Show what the run measured so far."""
        self._story, self._headline, self._baselines = story, headline, baselines
        names = story.metrics(headline)
        for name in names:
            if name not in self._names:
                words = metric_words(name)
                self._names.append(name)
                self._choices.add(words.title, words.term)
        self._choices.setVisible(len(self._names) > 1)
        if self._chosen not in names:
            self._chosen = names[0] if names else ""
        self._draw()

    def choose(self, name: str) -> None:
        """Show the curve of that metric."""
        self._chosen = name
        self._draw()

    def forget(self) -> None:
        """Another run: the choice of metrics starts anew."""
        self._names.clear()
        self._choices.clear()
        self._chosen = ""

    def _draw(self) -> None:
        name = self._chosen or self._headline or "accuracy"
        words = metric_words(name)
        self.set_title(words.title)
        if name in self._names:
            self._choices.choose(self._names.index(name))
        baselines = self._baselines if name == self._headline else {}
        curve = self._story.curve(name, baselines)
        best = self._story.best.get(name)
        self.painter.set_view(curve)
        judged = next((s.name for s in curve.series if s.name == "judging"), None)
        self.painter.set_strong(judged)
        self.painter.set_best({judged: best[0]} if judged and best else {})
        last = self._story.span
        first = 0.0 if any(s.x.size and s.x[0] < 1 for s in curve.series) else 1.0
        self.painter.set_span((first, last) if last and last > first else None)


_NONE = np.zeros(0)
