"""Forms come from a family's schema and give back values that the family accepts."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLineEdit
from pytestqt.qtbot import QtBot

from trasluz.api import EpochsConfig, setting
from trasluz.ui.forms import Field, SettingsForm, fetched, fields_of
from trasluz.ui.forms.controls import CardsControl, stepped
from trasluz.ui.forms.open_choice import OpenChoiceControl


class Config(EpochsConfig):
    strategy: Literal["auto", "linear", "deep"] = setting(
        "auto",
        title="Strategy",
        sentence="How much learns.",
        labels={
            "auto": "Choose for me — by the number of photos",
            "linear": "Linear classifier: the network stays as it is.",
            "deep": "Everything",
        },
    )
    cell: Literal["rnn", "gru"] = setting("gru", title="Cell", sentence="Which cell.", advanced=True)
    mirror: bool = setting(True, title="Mirror", sentence="Whether it may be mirrored.", advanced=True)
    note: str = setting("", title="Note", sentence="For yourself.", advanced=True)


class Open(EpochsConfig):
    backbone: str = setting(
        "small",
        title="Backbone",
        sentence="Which network.",
        labels={"small": "Small — fast"},
        others={"folder": "A folder", "hub:": "A model of the hub"},
        placeholder="owner/name",
    )


@pytest.fixture
def form(qtbot: QtBot) -> SettingsForm:
    made = SettingsForm(Config.model_json_schema())
    qtbot.addWidget(made)
    made.resize(720, 800)
    made.show()
    return made


def edit(form: SettingsForm, name: str) -> QLineEdit:
    found = form.rows[name].control.findChild(QLineEdit)
    assert isinstance(found, QLineEdit)
    return found


def test_every_setting_of_the_family_is_read() -> None:
    fields = {f.name: f for f in fields_of(Config.model_json_schema())}
    assert set(fields) == set(Config.model_fields)
    assert fields["minutes"].optional and fields["minutes"].unit == "minutes"
    assert fields["minutes"].bounds == "more than 0, at most 43,200"
    assert fields["epochs"].bounds == "between 1 and 10,000" and fields["epochs"].kind == "whole"
    assert [c.title for c in fields["strategy"].choices] == ["Choose for me", "Linear classifier", "Everything"]
    assert fields["strategy"].choices[1].sentence == "The network stays as it is."
    assert fields["batch_size"].advanced and not fields["epochs"].advanced


def test_defaults_go_straight_back_into_the_config(form: SettingsForm) -> None:
    assert form.troubles() == []
    assert Config.model_validate(form.values()) == Config()


def test_few_are_in_sight_and_the_rest_is_a_click_away(form: SettingsForm, qtbot: QtBot) -> None:
    shown = {name for name, row in form.rows.items() if row.isVisible()}
    assert shown == {"minutes", "epochs", "strategy"}
    button = next(b for b in form.findChildren(QAbstractButton) if "Advanced" in b.text())
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert form.advanced_open and form.rows["seed"].isVisible()


def test_what_was_typed_is_checked_and_said(form: SettingsForm, qtbot: QtBot) -> None:
    field = edit(form, "epochs")
    field.clear()
    qtbot.keyClicks(field, "0")
    assert form.troubles() == ["Passes: Between 1 and 10,000, please."]
    assert "epochs" not in form.values()
    field.clear()
    qtbot.keyClicks(field, "many")
    assert form.troubles() == ["Passes: That is not a whole number."]
    field.clear()
    assert form.troubles() == ["Passes: This needs a value."]
    qtbot.keyClicks(field, "1,000")
    assert form.troubles() == [] and form.values()["epochs"] == 1000


@pytest.mark.parametrize(("typed", "value"), [("0.02", 0.02), ("0,02", 0.02), ("2e-3", 0.002), (" 1 ", 1.0)])
def test_rates_are_read_as_people_write_them(form: SettingsForm, typed: str, value: float) -> None:
    field = edit(form, "learning_rate")
    field.setText(typed)
    field.textEdited.emit(typed)
    assert form.troubles() == [] and form.values()["learning_rate"] == pytest.approx(value)


def test_an_optional_number_may_be_left_empty(form: SettingsForm, qtbot: QtBot) -> None:
    assert form.values()["minutes"] is None
    qtbot.keyClicks(edit(form, "minutes"), "2.5")
    assert form.values()["minutes"] == 2.5
    edit(form, "minutes").clear()
    edit(form, "minutes").textEdited.emit("")
    assert form.values()["minutes"] is None and form.troubles() == []


def test_a_changed_setting_has_a_way_back(form: SettingsForm, qtbot: QtBot) -> None:
    row = form.rows["epochs"]
    reset = next(b for b in row.findChildren(QAbstractButton) if b.toolTip().startswith("Back to"))
    assert not reset.isVisible() and reset.toolTip() == "Back to 20"
    qtbot.keyClick(edit(form, "epochs"), Qt.Key.Key_Up)
    assert form.values()["epochs"] == 21 and reset.isVisible()
    qtbot.mouseClick(reset, Qt.MouseButton.LeftButton)
    assert form.values()["epochs"] == 20 and not reset.isVisible()


def test_cards_are_chosen_by_mouse_and_by_keys(form: SettingsForm, qtbot: QtBot) -> None:
    control = form.rows["strategy"].control
    assert isinstance(control, CardsControl)
    with qtbot.waitSignal(form.changed):
        qtbot.mouseClick(control.cards[1], Qt.MouseButton.LeftButton)
    assert form.values()["strategy"] == "linear"
    qtbot.keyClick(control.cards[1].radio, Qt.Key.Key_Down)
    assert form.values()["strategy"] == "deep"


def test_a_bad_advanced_value_is_never_hidden(qtbot: QtBot) -> None:
    made = SettingsForm(Config.model_json_schema(), {"batch_size": 0, "mirror": False, "cell": "rnn"})
    qtbot.addWidget(made)
    assert made.advanced_open and made.troubles() == ["Batch: Between 1 and 65,536, please."]
    assert made.values()["mirror"] is False and made.values()["cell"] == "rnn"


def test_the_real_family_has_a_form(qtbot: QtBot) -> None:
    from finetuned_cnn.config import FinetunedCnnConfig

    made = SettingsForm(FinetunedCnnConfig.model_json_schema())
    qtbot.addWidget(made)
    assert set(made.rows) == set(FinetunedCnnConfig.model_fields)
    assert FinetunedCnnConfig.model_validate(made.values()) == FinetunedCnnConfig()
    for row in made.rows.values():
        assert row.field.sentence and row.field.title


@given(
    st.floats(1e-6, 9.9),
    st.sampled_from([1, -1]),
    st.sampled_from([("number", 0.0, True, 10.0), ("whole", 1.0, False, 100.0), ("number", 0.0, False, 1.0)]),
)
def test_a_step_stays_inside_the_bounds(value: float, direction: int, shape: tuple[str, float, bool, float]) -> None:
    kind, low, open_low, high = shape
    field = Field("x", kind, "X", low=low, high=high, open_low=open_low)  # type: ignore[arg-type]
    start = min(high, max(low, float(int(value) or 1) if kind == "whole" else value))
    assert field.trouble(stepped(field, start, direction)) == ""


def test_a_rate_steps_by_its_magnitude() -> None:
    field = Field("learning_rate", "number", "Rate", low=0, high=10, open_low=True)
    up = [0.001]
    for _ in range(3):
        up.append(stepped(field, up[-1], 1))
    assert up == pytest.approx([0.001, 0.002, 0.005, 0.01])
    assert stepped(field, 0.001, -1) == pytest.approx(0.0005)


def test_an_open_choice_offers_what_is_known_a_folder_and_a_typed_name(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [{"value": "herbs", "title": "herbs", "sentence": "Trained on 120 photos"}]
    schema = Open.model_json_schema()
    made = SettingsForm(schema, suggestions={"backbone": kept})
    qtbot.addWidget(made)
    made.show()
    control = made.rows["backbone"].control
    assert isinstance(control, OpenChoiceControl)
    words = [control.box.itemText(i) for i in range(control.box.count())]
    assert words == ["Small", "herbs", "", "A folder…", "A model of the hub…"]
    assert Open(**made.values()).backbone == "small"

    def choose(text: str) -> None:
        control.box.setCurrentIndex(control.box.findText(text))
        control.box.activated.emit(control.box.currentIndex())

    choose("herbs")
    assert made.values()["backbone"] == "herbs"
    monkeypatch.setattr("trasluz.ui.forms.open_choice.choose_folder", lambda *_: "")
    choose("A folder…")
    assert made.values()["backbone"] == "herbs", "who closes the dialog has changed nothing"
    assert control.box.currentText() == "herbs"
    monkeypatch.setattr("trasluz.ui.forms.open_choice.choose_folder", lambda *_: "/nets/resnet")
    choose("A folder…")
    assert made.values()["backbone"] == "/nets/resnet"
    assert control.box.currentText() == "resnet"
    choose("A model of the hub…")
    assert made.troubles() == ["Backbone: Type which one, please: owner/name."]
    qtbot.keyClicks(control.edit, "owner/small")
    assert made.troubles() == []
    assert made.values()["backbone"] == "hub:owner/small"
    assert fetched(schema, made.values()) == ["hub:owner/small"]
    made.rows["backbone"].reset()
    assert made.values()["backbone"] == "small"
    assert fetched(schema, made.values()) == []
    assert not control.edit.isVisible()


def test_a_setting_that_means_nothing_beside_the_others_is_away(qtbot: QtBot) -> None:
    from vision_transformer.config import DEIT, VisionTransformerConfig

    schema = VisionTransformerConfig.model_json_schema()
    made = SettingsForm(schema)
    qtbot.addWidget(made)
    made.show()
    assert made.troubles() == [], "an empty teacher has a name: the newest CNN here"
    assert VisionTransformerConfig.model_validate(made.values()) == VisionTransformerConfig()
    there = {name for name in ("backbone", "learn", "teacher", "size") if made.rows[name].isVisibleTo(made)}
    assert there == {"size"}
    assert fetched(schema, made.values()) == [], "choosing for me downloads nothing"
    made.set_values({**made.values(), "start": "pretrained"})
    there = {name for name in ("backbone", "learn", "teacher", "size") if made.rows[name].isVisibleTo(made)}
    assert there == {"backbone", "learn"}
    assert fetched(schema, made.values()) == [DEIT]
    control = made.rows["backbone"].control
    assert isinstance(control, OpenChoiceControl)
    assert control.box.currentText() == "DeiT-Ti of the hub"
    assert not control.edit.isVisibleTo(made)


@pytest.mark.parametrize("value", ["hub:a/b", "/nets/x", "herbs", "gone"])
def test_an_open_choice_shows_any_value_it_is_given(qtbot: QtBot, value: str) -> None:
    made = SettingsForm(Open.model_json_schema(), {"backbone": value})
    qtbot.addWidget(made)
    assert made.values()["backbone"] == value
    assert made.troubles() == []


class OfColumns(EpochsConfig):
    source: str = setting("", title="Source", sentence="The column that is asked.", column=True)


def test_columns_are_chosen_by_eye_where_the_data_has_some(qtbot: QtBot) -> None:
    schema = OfColumns.model_json_schema()
    made = SettingsForm(schema, {"source": "german"}, columns=("english", "german"))
    qtbot.addWidget(made)
    assert [choice.value for choice in made.rows["source"].field.choices] == ["", "english", "german"]
    assert made.values()["source"] == "german"
    bare = SettingsForm(schema)
    qtbot.addWidget(bare)
    assert bare.rows["source"].field.kind == "text"


def test_a_chosen_column_that_other_data_lacks_is_said(qtbot: QtBot) -> None:
    from types import SimpleNamespace

    from trasluz.ui.pages.model import ModelPage

    made = SettingsForm(OfColumns.model_json_schema(), {}, columns=("english", "german"))
    qtbot.addWidget(made)
    said: list[str] = []
    page = SimpleNamespace(session=SimpleNamespace(say=lambda sentence, _level: said.append(sentence)))
    for kept in ({}, {"source": ""}, {"source": "german", "epochs": 3}):
        ModelPage._say_what_is_gone(page, made, kept)  # type: ignore[arg-type]
    assert said == []
    ModelPage._say_what_is_gone(page, made, {"source": "french"})  # type: ignore[arg-type]
    assert said == ["“Source” was “french”, a column that this data does not have: it is “As they stand” now."]
