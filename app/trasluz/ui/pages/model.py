"""Choosing what to train: a family, its settings, and what will happen."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from trasluz.ui.forms import SettingsForm, fetched
from trasluz.ui.kinds import words_for
from trasluz.ui.steps import duration, plural
from trasluz.ui.widgets import Card, EmptyState, Label, PrimaryButton

from .model_parts.advice import AdviceCard, untried
from .model_parts.compare import CompareCard
from .model_parts.family_card import FamilyCard
from .page import Page
from .scrolled import OVERHANG, overhanging, scrolled
from .variation import VariationCard

if TYPE_CHECKING:
    from trasluz.ui.session import Session


class ModelPage(Page):
    """Family cards at the left, the settings of the chosen one at the right, Train at the top."""

    title = "Choose a model"
    widest = 1320
    overhang = OVERHANG

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form: SettingsForm | None = None
        self.family = ""
        self._kept: dict[str, dict[str, Any]] = {}
        self._before: dict[str, dict[str, Any]] = {}
        """What was set for other data, of which only what is gone is said."""
        self._shown: tuple[Any, ...] = ()
        self.cards: dict[str, FamilyCard] = {}
        self._group = QButtonGroup(self)
        self.train_button = PrimaryButton("Train →", self.train)
        self._empty = EmptyState(
            "First your data",
            "What can be trained depends on what you want to learn from.",
            action="Open your data →",
            clicked=lambda: self.go.emit("start"),
            drawing="sheets",
        )
        self._looking = EmptyState("", "", drawing="lamp")
        self._families = QVBoxLayout()
        self._families.setSpacing(10)
        self._settings = Card("Settings")
        self._settings.body.setContentsMargins(0, 4, 0, 0)
        self.advice = AdviceCard()
        self.advice.chosen.connect(self._cell_chosen)
        self.advice.try_all.connect(self.try_all)
        self.advice.again.connect(lambda: self.session and self.session.advising.again(self.family))
        self.compare = CompareCard()
        self.compare.setVisible(False)
        self.compare.asked.connect(self._start)
        # under the settings and always in sight, for what it shows is changed further up
        self.variation = VariationCard()
        self.variation.setVisible(False)
        self._plan = Label("", "body", wrap=True)
        self._plan_card = Card("What will happen")
        self._plan_card.body.addWidget(self._plan)
        self.stack = QStackedWidget()
        for widget in (self._empty, self._looking, self._build()):
            self.stack.addWidget(widget)
        self.body.addWidget(self.stack, 1)

    def _build(self) -> QWidget:
        page = QWidget()
        layout = QHBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(16)
        left = QWidget()
        left.setFixedWidth(300)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        inner = QWidget()
        families = QVBoxLayout(inner)
        families.setContentsMargins(0, 0, 0, 0)
        families.setSpacing(12)
        families.addLayout(self._families)
        families.addWidget(self._plan_card)
        families.addStretch(1)
        column.addWidget(scrolled(inner), 1)
        layout.addWidget(left)
        right = QWidget()
        inside = QVBoxLayout(right)
        right.setProperty("role", "page")
        inside.setSpacing(16)
        inside.addWidget(self.advice)
        inside.addWidget(self.compare)
        inside.addWidget(self._settings)
        inside.addStretch(1)
        area = overhanging(right, inside)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        beside = QVBoxLayout()
        beside.setSpacing(12)
        beside.addWidget(area, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(0, 0, OVERHANG, 0)
        foot.addWidget(self.variation)
        beside.addLayout(foot)
        layout.addLayout(beside, 1)
        return page

    def connect_session(self, session: "Session") -> None:
        """Follow data and catalogue."""
        for signal in (
            session.data_changed,
            session.catalogue_changed,
            session.project_changed,
            session.runs_changed,
            session.run_state_changed,
        ):
            signal.connect(self._maybe)
        session.data_failed.connect(self._maybe)
        session.advising.changed.connect(lambda family: self._show_advice() if family == self.family else None)

    def _maybe(self, *_: object) -> None:
        if self.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """Show families for the data that is open."""
        session = self.session
        self.header.set_actions()
        if session is None or session.project is None:
            self.header.set_subtitle("")
            self.stack.setCurrentWidget(self._empty)
            return
        families = session.catalogue.get("families", [])
        if session.summary is None or not families:
            what = ("Looking at your data", "The models that suit it appear as soon as it is known.")
            if session.summary is not None:
                what = ("Asking which models there are", "The plugins are being loaded; this takes a second or two.")
            if session.catalogue and not families:
                what = ("There is no model family", "Every model family comes with a plugin; see the Plugins page.")
            self._looking.set_words(*what)
            self.header.set_subtitle("")
            self.stack.setCurrentWidget(self._looking)
            return
        self._show_families(families, session.summary)
        self.stack.setCurrentIndex(2)
        self.header.set_subtitle(_about(session.summary))
        self.header.set_actions(self.train_button)
        self._show_plan()
        self._show_beside()

    def _show_families(self, families: list[dict[str, Any]], summary: Any) -> None:
        shown = (
            (summary.kind, *summary.columns),
            *((f["id"], f["title"], repr(f["schema"]), repr(f.get("suggestions"))) for f in families),
        )
        if shown == self._shown:
            return
        self._keep()
        if self._shown and self._shown[0] != shown[0]:
            self._before = dict(self._kept)
            self._kept.clear()  # another kind has other settings, other defaults, other columns
        self._shown = shown
        for card in self.cards.values():
            self._group.removeButton(card)
            self._families.removeWidget(card)
            card.deleteLater()
        self.cards = {}
        kinds = {k["kind"]: k["title"] for k in (self.session.catalogue.get("kinds", []) if self.session else [])}
        ordered = sorted(families, key=lambda f: summary.kind not in f["kinds"])
        for family in ordered:
            fits = summary.kind in family["kinds"]
            why = "" if fits else _learns_from([kinds.get(k, k.replace("-", " ")) for k in family["kinds"]])
            own = family.get("by_kind", {}).get(summary.kind, {})
            card = FamilyCard(family["id"], family["title"], own.get("sentence", family["sentence"]), why_not=why)
            card.toggled.connect(lambda on, c=card: self._choose(c.family) if on else None)
            self._group.addButton(card)
            self._families.addWidget(card)
            self.cards[family["id"]] = card
        usable = [f["id"] for f in ordered if summary.kind in f["kinds"]]
        self.family, self.form = "", None
        asked = self.session.run.folder.request if self.session and self.session.run else None
        if asked is not None and asked.family in usable:
            # begin from what was trained last, so that a change is one change
            self._kept.setdefault(asked.family, dict(asked.settings))
            usable.insert(0, asked.family)
        if usable:
            self.cards[usable[0]].setChecked(True)
        else:
            self._clear_form()
        self.train_button.setEnabled(bool(usable))

    def _choose(self, family: str) -> None:
        entry = self.session.family(family) if self.session is not None else None
        if entry is None or family == self.family:
            return
        self._keep()
        self.family = family
        self._clear_form()
        columns = summary.columns if (summary := self.session.summary if self.session is not None else None) else ()
        self.form = SettingsForm(
            entry["schema"], self._kept.get(family), suggestions=entry.get("suggestions"), columns=columns
        )
        self._say_what_is_gone(self.form, self._kept.get(family) or self._before.pop(family, {}))
        self._take_what_was_handed(self.form)
        self.form.changed.connect(self._changed)
        self.form.turned.connect(lambda _open: self._show_variation())
        self._settings.set_title("Settings", "the defaults are a good start")
        self._settings.body.addWidget(self.form)
        self._changed()

    def _say_what_is_gone(self, form: SettingsForm, kept: dict[str, Any]) -> None:
        """Say which columns that were chosen before this data does not have, and what counts in their place."""
        now = form.values()
        for name, row in form.rows.items():
            offered = [choice.value for choice in row.field.choices]
            if self.session is not None and row.field.column and kept.get(name) not in (None, "", *offered):
                title = next((c.title for c in row.field.choices if c.value == now.get(name)), "the default")
                gone = f"“{row.field.title}” was “{kept[name]}”, a column that this data does not have"
                self.session.say(f"{gone}: it is “{title}” now.", "warn")

    def _take_what_was_handed(self, form: SettingsForm) -> None:
        """Begin from what was handed on from another model, once, where a setting takes it."""
        handed = self.session.handed if self.session is not None else {}
        for name, value in list(handed.items()):
            row = form.rows.get(name)
            if row is not None and any(choice.value == value for choice in row.field.choices):
                form.set_values({**form.values(), name: value})
                del handed[name]
                if self.session is not None:
                    self.session.say(f"“{row.field.title}”: it begins with “{value}”, which you handed on.", "good")

    def _clear_form(self) -> None:
        while (item := self._settings.body.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()

    def _keep(self) -> None:
        if self.form is not None and self.family:
            self._kept[self.family] = self.form.values()

    def leave(self) -> None:
        """Keep what was set."""
        self._keep()

    def _changed(self) -> None:
        troubles = self.form.troubles() if self.form is not None else []
        self.train_button.setEnabled(self.form is not None and not troubles)
        self.train_button.setToolTip("\n".join(troubles))
        self.train_button.setText("Download and train →" if self._fetched() else "Train →")
        self._show_plan()
        self._show_beside()
        self._show_variation()

    def _fetched(self) -> list[str]:
        """What is chosen from outside this computer."""
        entry = self.session.family(self.family) if self.session is not None else None
        return fetched(entry["schema"], self.form.values()) if entry is not None and self.form is not None else []

    def _show_beside(self) -> None:
        """What is worth trying beside these settings: the table of advice, the family's values side by side."""
        self._show_advice()
        self._show_compare()

    def _show_compare(self) -> None:
        session, form = self.session, self.form
        entry = session.family(self.family) if session is not None else None
        if session is None or form is None or entry is None:
            self.compare.setVisible(False)
            return
        row = form.rows.get(str(entry.get("compares") or ""))
        field = row.field if row is not None and not form.troubles() else None
        self.compare.show_family(session, self.family, field, form.values(), self._runs_on_this_data())

    def _show_advice(self) -> None:
        """The table of the chosen family; what it lets choose is not asked a second time in the form."""
        session, form = self.session, self.form
        standing = session.advising.standing(self.family) if session is not None else None
        self.advice.setVisible(standing is not None and form is not None)
        if session is None or form is None or standing is None:
            return
        self.advice.show_standing(standing)
        done = standing.advice if standing.state == "done" else None
        for name in done.settings[0] if done is not None else ():
            offered = {"auto", *(settings.get(name) for settings in done.settings)}
            # what the table does not offer must be found in the form
            if {choice.value for choice in form.rows[name].field.choices} <= offered:
                form.rows[name].setVisible(False)
        self.advice.show_choice(form.values(), self._runs_on_this_data())

    def _runs_on_this_data(self) -> list[Any]:
        session = self.session
        if session is None or session.summary is None:
            return []
        here = ("", session.summary.fingerprint)
        return [run for run in session.runs if run.family == self.family and run.fingerprint in here]

    def _cell_chosen(self, settings: dict[str, Any]) -> None:
        """Choose what a cell stands for; no settings: leave the choice to the advice."""
        form, advice = self.form, self.advice.advice
        if form is None or advice is None:
            return
        own = settings or {name: form.rows[name].field.default for name in advice.settings[0]}
        form.set_values({**form.values(), **own})
        self._changed()

    def try_all(self) -> None:
        """Train every cell that has not been tried, one after another."""
        session, form, advice = self.session, self.form, self.advice.advice
        if session is None or form is None or advice is None or form.troubles():
            return
        left = untried(advice, self._runs_on_this_data())
        self._start([(advice.table.cells[i].title, {**form.values(), **advice.settings[i]}) for i in left])

    def _start(self, several: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Train one after another what is tried side by side: what each is called, and its settings."""
        self._keep()
        if self.session is not None:
            for name, settings in several:
                self.session.start_run(self.family, settings, name=name, device=self.session.device)

    def _show_variation(self) -> None:
        """With the settings that alter the photos, what they do to them."""
        session, form = self.session, self.form
        entry = session.family(self.family) if session is not None else None
        shown = form is not None and form.advanced_open and bool(entry and entry.get("varies"))
        if session is not None and form is not None and shown:
            self.variation.show_settings(session, self.family, form.values())
        self.variation.setVisible(shown)

    def _show_plan(self) -> None:
        session, form = self.session, self.form
        self._plan_card.setVisible(form is not None)
        if session is None or form is None or session.summary is None:
            return
        summary = session.summary
        train = sum(summary.counts.get("train", {}).values())
        val = sum(summary.counts.get("val", {}).values())
        noun = session.words.noun
        sentences = [
            f"It learns from {plural(train, noun)} and is judged on {plural(val, noun)} that it never sees while "
            "learning."
            if val
            else f"It learns from {plural(train, noun)}."
        ]
        for name in self._fetched():
            sentences.append(
                f"First “{name.partition(':')[2]}” is downloaded, unless it is here already. Only that name leaves "
                "this computer."
            )
        sentences.append(self._how_long(form.values()))
        sentences.append(
            "Then it is exported to ONNX and held against PyTorch. You can stop at any time and keep "
            "the best; closing the window does not end it."
        )
        if session.run is not None and session.run.running:
            sentences.append("Another run is going on; this one waits until it has ended, and then starts by itself.")
        self._plan.setText("\n\n".join(sentences))

    def _how_long(self, settings: dict[str, Any]) -> str:
        session = self.session
        minutes = settings.get("minutes")
        limit = f"at most {duration(minutes * 60)}, by your time limit" if minutes else ""
        alike = [
            run
            for run in (session.runs if session is not None else [])
            if run.family == self.family
            and run.seconds
            and all(run.settings.get(name) == settings.get(name) for name in ("strategy", "start", "learn"))
        ]
        if alike:
            took = f"The last run like this took {duration(alike[0].seconds)}"
            return f"{took}; this one {limit}." if limit else f"{took}."
        if limit:
            return f"It takes {limit}."
        return "How long it takes depends on this computer: an estimate stands on the next page within a minute."

    def train(self) -> None:
        """Start the run and go and watch it."""
        session, form = self.session, self.form
        if session is None or form is None or form.troubles():
            return
        self._keep()
        session.start_run(self.family, form.values(), name=self._name(form), device=session.device)
        self.go.emit("train")

    def _name(self, form: SettingsForm) -> str:
        """What the run is called: by its first telling choice, e.g. `Linear classifier`, else by its family."""
        values = form.values()
        for field in form.fields:
            chosen = next((c for c in field.choices if c.value == values.get(field.name) and c.value != "auto"), None)
            if chosen is not None and chosen.sentence and not field.advanced:
                return chosen.title
        entry = self.session.family(self.family) if self.session is not None else None
        return str(entry["title"]) if entry else self.family


def _learns_from(kinds: Sequence[str]) -> str:
    """“Learns from text pairs”; of many kinds, the first two and how many more."""
    named = [kind[:1].lower() + kind[1:] for kind in kinds]
    if len(named) > 3:
        named = [*named[:2], f"{len(named) - 2} more kinds of data"]
    return "Learns from " + (", ".join(named[:-1]) + " and " if len(named) > 1 else "") + named[-1]


def _about(summary: Any) -> str:
    classes = len(summary.labels)
    line = plural(summary.total, words_for(summary.kind, summary.input_name).noun)
    if classes:
        line += f" in {classes} classes"
    return f"For {line} · everything is learned on this computer"
