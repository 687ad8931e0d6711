"""The look: contrast that a person can read, and a theme that changes under open widgets."""

import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from trasluz.ui import theme
from trasluz.ui.stylesheet import style_sheet
from trasluz.ui.tokens import DARK, LIGHT, Tokens, contrast
from trasluz.ui.widgets import Chip, Label, PrimaryButton, ProgressLine


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_on_every_ground_that_it_stands_on(tokens: Tokens) -> None:
    for ground in (tokens.background, tokens.side, tokens.panel):
        assert contrast(tokens.ink, ground) >= 7
        assert contrast(tokens.muted, ground) >= 4.5
    for ground in (tokens.background, tokens.panel):
        for ink in (tokens.good, tokens.warn, tokens.bad, tokens.accent):
            assert contrast(ink, ground) >= 4.5, (ink, ground)
    assert contrast(tokens.muted, tokens.accent_ground) >= 4.5
    assert contrast(tokens.on_accent, tokens.accent) >= 4.5
    assert contrast(tokens.ink, tokens.accent_ground) >= 7


def test_contrast_is_wcags() -> None:
    assert contrast("#FFFFFF", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_the_style_sheet_leaves_no_name_unfilled(tokens: Tokens) -> None:
    assert "$" not in style_sheet(tokens)


def test_a_change_of_theme_reaches_widgets_that_are_open(qapp: object, qtbot: QtBot) -> None:
    label, button, line = Label("words"), PrimaryButton("Go →"), ProgressLine(1.0, height=20)
    for widget in (label, button, line):
        qtbot.addWidget(widget)
        widget.resize(120, 20)
        widget.show()
    try:
        seen = {}
        for mode, tokens in (("light", LIGHT), ("dark", DARK)):
            with qtbot.waitSignal(theme.theme().changed):
                theme.theme().set_mode(mode)  # type: ignore[arg-type]
            assert theme.tokens() is tokens
            seen[mode] = line.grab().toImage().pixelColor(60, 10)
            assert seen[mode] == QColor(tokens.accent)
            assert label.palette().windowText().color() == QColor(tokens.ink)
    finally:
        theme.theme().set_mode("light")


def test_figures_have_one_width(qapp: object) -> None:
    from PySide6.QtGui import QFontMetrics

    metrics = QFontMetrics(theme.font("number"))
    assert len({metrics.horizontalAdvance(digit) for digit in "0123456789"}) == 1


def test_a_chip_tells_its_fact_to_a_screen_reader(qapp: object, qtbot: QtBot) -> None:
    chip = Chip("CPU · 2 cores", "good")
    qtbot.addWidget(chip)
    assert chip.accessibleName() == "CPU · 2 cores"
    chip.set_fact("GPU", "warn", tip="why")
    assert (chip.accessibleName(), chip.mark, chip.toolTip()) == ("GPU", "warn", "why")
