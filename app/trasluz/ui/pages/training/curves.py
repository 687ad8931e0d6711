"""The card with the live curves."""

import numpy as np
from PySide6.QtWidgets import QSizePolicy

from trasluz.api import Curve, Series
from trasluz.ui.pages.words import metric_words
from trasluz.ui.views.curve import CurvePainter
from trasluz.ui.widgets import Card, LinkButton

from .story import Story


class CurvesCard(Card):
    """One metric at a time; the others are a click away."""

    def __init__(self) -> None:
        super().__init__("Right answers")
        self._links: dict[str, LinkButton] = {}
        self._chosen = ""
        self._story = Story()
        self._headline = ""
        self._baselines: dict[str, float] = {}
        self.painter = CurvePainter(Curve("Right answers", (Series("learning", _NONE, _NONE),)))
        self.painter.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.body.addWidget(self.painter, 1)

    def show_story(self, story: Story, headline: str, baselines: dict[str, float]) -> None:
        """Show what the run measured so far."""
        self._story, self._headline, self._baselines = story, headline, baselines
        names = story.metrics(headline)
        for name in names:
            if name not in self._links:
                words = metric_words(name)
                link = LinkButton(words.title.lower(), lambda n=name: self.choose(n), tip=words.term)
                link.setProperty("role", "plain")
                self.head.addWidget(link)
                self._links[name] = link
        if self._chosen not in names:
            self._chosen = names[0] if names else ""
        self._draw()

    def choose(self, name: str) -> None:
        """Show the curve of that metric."""
        self._chosen = name
        self._draw()

    def forget(self) -> None:
        """Another run: the choice of metrics starts anew."""
        for link in self._links.values():
            self.head.removeWidget(link)
            link.deleteLater()
        self._links.clear()
        self._chosen = ""

    def _draw(self) -> None:
        name = self._chosen or self._headline or "accuracy"
        words = metric_words(name)
        self.set_title(words.title)
        for metric, link in self._links.items():
            link.setVisible(metric != name)
        baselines = self._baselines if name == self._headline else {}
        curve = self._story.curve(name, baselines)
        best = self._story.best.get(name)
        self.painter.set_view(curve)
        judged = next((s.name for s in curve.series if s.name == "judging"), None)
        self.painter.set_strong(judged)
        self.painter.set_best({judged: best[0]} if judged and best else {})
        passes = self._story.passes
        first = 0.0 if any(s.x.size and s.x[0] < 1 for s in curve.series) else 1.0
        self.painter.set_span((first, passes) if passes else None)


_NONE = np.zeros(0)
