"""Side by side on the Model page: one family with each value of a setting, trained for the same time, and compared."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from trasluz.ui.forms.controls import NumberControl
from trasluz.ui.forms.schema import Field
from trasluz.ui.pages.words import metric_words
from trasluz.ui.steps import duration
from trasluz.ui.widgets import Card, Label, ProgressLine, SecondaryButton, clear_layout

from .lanes import Lane, lanes_for, latest_lanes
from .tried import UNDER_WAY

if TYPE_CHECKING:
    from trasluz.ui.bridge.call import Call, Trouble
    from trasluz.ui.session import Session
    from trasluz.ui.views import Canvas

MINUTES = 10.0
"""For each, where nothing else was said."""
_AGAIN = 4000
"""Milliseconds between two looks while something learns."""
_HEIGHT = 190
_SPELT = {2: "two", 3: "three", 4: "four"}
_COUNTED = {2: "both", 3: "the three", 4: "the four"}


class CompareCard(Card):
    """Shows a family's values side by side. It starts nothing itself: it says what the person asked for."""

    asked = Signal(list)
    """The settings of each run that is to be started, with what it is called: (title, settings)."""

    def __init__(self) -> None:
        super().__init__("Side by side")
        self._session: Session | None = None
        self._field: Field | None = None
        self._family = ""
        self._settings: dict[str, Any] = {}
        self._limit: float | None = None
        self._runs: Sequence[Any] = ()
        self._lanes: list[Lane] = []
        self._asked_for: tuple[Any, ...] = ()
        self._call: Call | None = None
        self.found: dict[str, Any] = {}
        """What the host made of the runs (`host.comparing.compared`)."""
        self.curves: list[Canvas] = []
        self._sentence = Label("", "body", wrap=True)
        self.minutes = NumberControl(
            Field("minutes", "number", "Minutes for each", low=0.1, high=60 * 24, default=MINUTES, unit="minutes each")
        )
        self.minutes.set_value(MINUTES)
        self.minutes.changed.connect(self._show_button)
        self.button = SecondaryButton("", self._ask)
        foot = QHBoxLayout()
        foot.setSpacing(12)
        foot.addStretch(1)
        foot.addWidget(self.minutes)
        foot.addWidget(self.button)
        self._table = QWidget()
        self._grid = QGridLayout(self._table)
        self._grid.setContentsMargins(0, 4, 0, 0)
        self._grid.setHorizontalSpacing(20)
        self._grid.setVerticalSpacing(6)
        self._said = Label("", "body", wrap=True)
        self._plots = QVBoxLayout()  # beside each other the names at the ends of the lines would not fit
        self._plots.setSpacing(8)
        self.body.addWidget(self._sentence)
        self.body.addLayout(foot)
        self.body.addWidget(self._table)
        self.body.addWidget(self._said)
        self.body.addLayout(self._plots)
        self._timer = QTimer(self, interval=_AGAIN)
        self._timer.timeout.connect(self._look)

    # what it is told

    def show_family(
        self, session: "Session", family: str, field: Field | None, settings: Mapping[str, Any], runs: Sequence[Any]
    ) -> None:
        """Show a family with the settings of the form.

        Args:
            session: The window's session.
            family: Its id.
            field: The setting that it is compared by; None where there is none.
            settings: The form's values.
            runs: The runs of this family on this data, newest first.
        """
        if family != self._family:
            self._forget()
        self._session, self._family, self._field = session, family, field
        self._settings, self._runs = dict(settings), runs
        self.setVisible(field is not None)
        if field is None:
            self._timer.stop()
            return
        limit = settings.get("minutes")
        if limit and limit != self._limit:
            self.minutes.set_value(limit)  # the form says it; what is typed here afterwards counts
        self._limit = limit
        self._lanes = latest_lanes(field, runs)
        self._show_button()
        self._look()

    def _forget(self) -> None:
        self._cancel()
        self.found, self._asked_for, self._lanes = {}, (), []
        self._draw()

    def hideEvent(self, event: Any) -> None:
        """Qt's: nobody looks."""
        self._timer.stop()
        super().hideEvent(event)

    # what is asked for

    def _wanted(self) -> list[Lane]:
        """What is left to try with the settings and the time of now."""
        if self._field is None or self._minutes() is None:
            return []
        settings = {**self._settings, "minutes": self._minutes()}
        return [lane for lane in lanes_for(self._field, settings, self._runs) if not lane.tried]

    def _minutes(self) -> float | None:
        """How long each may learn; None while what is typed cannot be used."""
        value = self.minutes.value()
        usable = isinstance(value, int | float) and not self.minutes.field.trouble(value)
        return float(value) if usable else None

    def _show_button(self) -> None:
        if self._field is None:
            return
        count, left, minutes = len(self._field.choices), self._wanted(), self._minutes()
        all_of_them = _COUNTED.get(count, f"all {count}")
        if minutes is None:
            words = f"Compare {all_of_them}"
        elif not left:
            going = any(lane.run is not None and str(lane.run.state) in UNDER_WAY for lane in self._lanes)
            words = "Under way" if going else "Compared"
        elif len(left) == count:
            words = f"Compare {all_of_them}"
        else:
            words = "Try the one that is missing" if len(left) == 1 else f"Try the {len(left)} that are missing"
        self.button.setText(words)
        self.button.setAccessibleName(words)
        self.button.setEnabled(bool(left))
        self.minutes.set_wrong(minutes is None)
        time = f" That takes about {duration(60 * minutes * len(left))}." if left and minutes else ""
        self.button.setToolTip(f"They learn one after another, each from the same data for the same time.{time}")
        self._sentence.setText(
            f"All {_SPELT.get(count, count)}, one after another: from the same data, for the same time, with the "
            f"settings below.{time}"
            if left or not self._lanes
            else "Each learned from the same data with the same settings, for the same time at the most."
        )

    def _ask(self) -> None:
        field = self._field
        if field is None:
            return
        settings = {**self._settings, "minutes": self._minutes()}
        several = [(lane.title, {**settings, field.name: lane.value}) for lane in self._wanted()]
        self.button.setEnabled(False)
        self.asked.emit(several)

    # what came of it

    def _look(self) -> None:
        """Ask the host how the runs stand side by side, where that may have changed."""
        going = any(state == "running" for _, state, _ in self._stand())
        if going and self.isVisible():
            self._timer.start()
        else:
            self._timer.stop()
        stand = self._stand()
        if self._session is None or not stand or (stand == self._asked_for and not going):
            self._draw()
            return
        if self._call is not None:
            return  # the next look comes
        self._asked_for = stand
        params = {"runs": {lane.title: str(lane.run.folder) for lane in self._lanes if lane.run is not None}}
        self._call = self._session.host.call(self, "compared", params, success=self._came, failure=self._failed)

    def _came(self, found: dict[str, Any]) -> None:
        self._call, self.found = None, found
        self._draw()
        if self._stand() != self._asked_for:
            self._look()

    def _stand(self) -> tuple[Any, ...]:
        """How the runs stand, as far as the history tells: what was made of them is old when this has changed."""
        runs = [lane.run for lane in self._lanes if lane.run is not None]
        return tuple((str(run.folder), str(run.state), run.score) for run in runs)

    def _failed(self, trouble: "Trouble") -> None:
        self._call = None
        self._said.setText(trouble.sentence)
        self._said.setVisible(True)

    def _cancel(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _headline(self) -> str:
        """The metric that the family is judged by."""
        entry = self._session.family(self._family) if self._session is not None else None
        return str((entry or {}).get("headline") or "")

    # drawing

    def _draw(self) -> None:
        clear_layout(self._grid)
        rows = {row["name"]: row for row in self.found.get("runs", ())}
        self._table.setVisible(bool(self._lanes))
        if self._lanes:
            self._draw_rows(rows)
        self._draw_words()
        self._draw_views()

    def _draw_rows(self, rows: Mapping[str, Mapping[str, Any]]) -> None:
        headline = self._headline()
        words, noun = metric_words(headline), self._session.words.noun if self._session is not None else "item"
        heads = ("", words.title, "between", "took", f"{noun}s a second", "")
        for column, head in enumerate(heads):
            label = Label(head, "caption")
            if column == 1:
                label.setToolTip(words.term)
            self._grid.addWidget(label, 0, column, _side(column))
        scores = [row["score"] for row in rows.values() if "score" in row]
        best = (max if words.higher else min)(scores) if len(scores) > 1 else None
        for number, lane in enumerate(self._lanes, start=1):
            row = rows.get(lane.title, {})
            score, rate = row.get("score"), row.get("items_a_second")
            first = score is not None and score == best
            so_far = row.get("so_far", {}).get(headline)
            between = row.get("low") is not None and f"{words.write(row['low'])}–{words.write(row['high'])}"
            shown = (
                lane.title,
                words.write(score) if score is not None else f"{words.write(so_far)} so far" if so_far else "–",
                between or "",
                duration(row["seconds"]) if row.get("seconds") else "",
                f"{rate:,.0f}" if rate else "",
            )
            for column, text in enumerate(shown):
                role = "strong" if first and column < 2 else "body" if column < 2 else "muted"
                self._grid.addWidget(Label(text, role), number, column, _side(column))
            self._grid.addWidget(self._standing(lane, row, first=first), number, 5)
        self._grid.setColumnStretch(5, 1)

    def _standing(self, lane: Lane, row: Mapping[str, Any], *, first: bool) -> QWidget:
        """How a lane stands: a line that fills up, or a word."""
        state = str(lane.run.state) if lane.run is not None else ""
        if state == "running":
            line = ProgressLine(row.get("done", 0.0))
            line.setAccessibleName(f"{lane.title}: learning")
            return line
        if "score" in row:
            return Label("✓ best" if first else "✓ done", "good" if first else "muted")
        words = UNDER_WAY.get(state) or str(row.get("error") or state or "not tried")
        return Label(words, "bad" if state == "failed" else "muted", wrap=True)

    def _draw_words(self) -> None:
        words = metric_words(self._headline())
        said = []
        for each in self.found.get("long") or ():
            ahead, of, by, low, high = (each[name] for name in ("ahead", "of", "by", "low", "high"))
            if (by < 0) == words.higher:
                ahead, of, by, low, high = of, ahead, -by, -high, -low
            real = "which may be chance" if low <= 0 <= high else "more than chance gives"
            between = f"{words.write(low)} to {words.write(high)}"
            said.append(f"{ahead} is ahead of {of} by {words.write(abs(by))} ({between}), {real}.")
        if said:
            longer = self.found["long"][0]["longer_than"]
            said.insert(0, f"On the longer half, texts of more than {longer:g} characters:")
        self._said.setText("\n".join(said))
        self._said.setVisible(bool(said))

    def _draw_views(self) -> None:
        from trasluz.api import view_from_json
        from trasluz.ui.views import painter_for

        words = metric_words(self._headline())
        views = [view_from_json(view) for view in self.found.get("views", ())]
        if len(views) != len(self.curves):
            clear_layout(self._plots)
            self.curves = []
            for view in views:
                painter = painter_for(view)
                painter.setFixedHeight(_HEIGHT)
                painter.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
                self._plots.addWidget(Label(f"{view.title}: {words.title.lower()}", "strong"))
                self._plots.addWidget(painter)
                self.curves.append(painter)
        for painter, view in zip(self.curves, views, strict=True):
            painter.set_view(view)


def _side(column: int) -> Qt.AlignmentFlag:
    return Qt.AlignmentFlag.AlignLeft if column in {0, 5} else Qt.AlignmentFlag.AlignRight
