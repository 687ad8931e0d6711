"""Series while they are learned: drawn with what came and what is forecast, or with their label below."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QObject, QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from trasluz.api import Previewed, PreviewLine
from trasluz.ui import theme
from trasluz.ui.kinds import words_for
from trasluz.ui.pages.judging.measured import off_words
from trasluz.ui.pages.training.pictures import PictureStrip, Seen
from trasluz.ui.pages.training.previews import PreviewList
from trasluz.ui.pages.using.given import each_of
from trasluz.ui.pages.using.said import breakable, column_of, in_rows, said_words, short_words
from trasluz.ui.thumbnails import drawn_lines, paint_series


def forecast(end: float) -> Previewed:
    past = PreviewLine(name="so far", start=-2, values=(1.0, None, 2.0))
    came, now = (PreviewLine(name=name, values=(2.0, v)) for name, v in (("what came", 3.0), ("forecast now", end)))
    return Previewed(path="a.csv", target="x: 3", text=f"x: {end}", lines=(past, came, now))


def colours(image: QImage) -> set[str]:
    places = ((x, y) for x in range(image.width()) for y in range(image.height()))
    return {image.pixelColor(x, y).name() for x, y in places}


@pytest.mark.parametrize("look", ["light", "dark"])
def test_what_came_and_what_is_forecast_stand_in_one_drawing(qtbot: QtBot, look: str) -> None:
    theme.theme().set_mode(look)
    drawn = PreviewList()
    qtbot.addWidget(drawn)
    drawn.resize(240, 120)
    drawn.show_items([("a", forecast(1.0))])
    seen = colours(drawn.grab().toImage())
    assert {QColor(theme.color(name)).name() for name in ("accent", "chip")} <= seen
    assert drawn.sizeHint().height() > 60


def test_a_series_without_any_number_and_one_with_a_label_are_painted_too(qtbot: QtBot) -> None:
    drawn = PreviewList()
    qtbot.addWidget(drawn)
    drawn.resize(240, 200)
    lines = (PreviewLine(values=(1.0, 2.0, None, 0.5)), PreviewLine(values=(None, None)))
    drawn.show_items(
        [("a", Previewed(path="a", target="up", text=said, lines=lines[n:])) for n, said in enumerate(("up", "down"))]
    )
    assert not drawn.grab().isNull()


def test_a_small_series_is_drawn_in_the_colours_of_the_window(qtbot: QtBot) -> None:
    image = drawn_lines([[0.0, 1.0, None, 0.5, 0.2], [0.5]], 64).toImage()
    seen = colours(image)
    assert {theme.series_color(0).name(), theme.color("chip").name()} <= seen
    assert not drawn_lines([], 64).isNull()


def test_values_with_intervals_stand_below_one_another_and_other_answers_stay_as_they_are() -> None:
    said = said_words({"text": "a<b: 1.5 [1, 2] -2 [-3, 0]; c: 7 [6, 8]"}, classes=False)
    assert said.split("\n") == ["a<b", "1.5 [1, 2]", "-2 [-3, 0]", "and 1 more column"]
    other = said_words({"text": "a<b: 1.5 [1, 2] -2 [-3, 0]; c: 7 [6, 8]; d: 1 [0, 2]"}, classes=False, column="c")
    assert other.split("\n") == ["c", "7 [6, 8]", "and 2 more columns"]
    assert column_of("a: 1 2 (naive 3.5); c: – 4 (naive 1)", "c") == ("c: – 4 (naive 1)", 2)
    assert column_of("first: this; then: that", "then") == ("first: this; then: that", 1)
    assert "a&lt;b<br>1.5 [1, 2]<br>-2" in in_rows(said)
    assert said_words({"text": "a: 314.467 [293.2, 337.2]"}, classes=False) == "a\n314.5 [293.2, 337.2]"
    assert short_words({"text": "a: 314.467 [293.2, 337.2] 12345.6 [1, 20000]; b: 1 [0, 2]"}) == "314.5, 12346"
    assert short_words({"text": "a line [sic]; and more"}) == "a line [sic]; and more"
    assert said_words({"text": "a line [sic]; and more"}, classes=False) == "a line [sic]; and more"


def test_series_as_they_are_learned_stand_side_by_side_and_under_the_pointer_as_they_are(qtbot: QtBot) -> None:
    lines = [{"values": [0.0, 1.0, None, 0.5]}]
    items = [Seen.of({"target": "up", "varied_lines": lines, "plain_lines": [{"values": [1.0, 0.0]}]})] * 6
    strip = PictureStrip("Series")
    qtbot.addWidget(strip)
    strip.show_items(items)
    strip.resize(800, strip.heightForWidth(800))
    strip.show()
    assert strip._columns() == 3  # three and three, not four and two
    before = strip.grab().toImage()
    assert theme.series_color(0).name() in colours(before)
    qtbot.mouseMove(strip, strip._place(1).center().toPoint())
    qtbot.waitUntil(lambda: strip._shown_plain() == 1)
    assert strip.grab().toImage() != before


def test_a_series_of_the_gallery_is_painted_as_wide_as_its_card(qtbot: QtBot) -> None:
    picture = QImage(300, 60, QImage.Format.Format_RGB32)
    picture.fill(theme.color("chip"))
    painter = QPainter(picture)
    paint_series(painter, QRectF(0, 0, 299, 59), [[0.0, 1.0]], 2.0)
    painter.end()
    for x, y in ((3, 58), (150, 29), (296, 1)):
        near = {picture.pixelColor(x, y + down).name() for down in (-1, 0, 1) if y + down < 60}
        assert theme.series_color(0).name() in near


@pytest.mark.parametrize("kind", ["series-classes", "image-classes"])
def test_a_table_of_series_is_looked_into_and_a_photo_is_not(qtbot: QtBot, kind: str) -> None:
    asked: list[str] = []

    class Host:
        def call(self, _asker, method, params, *, success, failure):
            asked.append(method)
            success({"inputs": [f"{path}#row {n}" for path in params["inputs"] for n in (2, 3)]})

    given: list[Path] = []
    session = SimpleNamespace(host=Host())
    each_of(QObject(), session, kind, words_for(kind), [Path("a.csv")], then=given.extend)  # type: ignore[arg-type]
    if kind == "image-classes":
        assert (asked, given) == ([], [Path("a.csv")])
    else:
        assert (asked, given) == (["parts"], [Path("a.csv#row 2"), Path("a.csv#row 3")])


def test_how_far_a_forecast_was_off_is_said_of_its_first_column() -> None:
    assert off_words("a: 10 [9, 11] 12 [8, 15]", "a: 11 15 (naive 3.5)") == "off by 2 on average"
    assert off_words("a: 10 [9, 11]; b: 5 [1, 9]", "a: 10.5 (naive 1); b: 2 (naive 1)") == "a off by 0.5 on average"
    assert off_words("a: 10 [9, 11] 3 [2, 4]", "a: – 5 (naive 1)") == "off by 2 on average"
    assert off_words("a: 10 [9, 11]", "a: –") == off_words("", "") == ""


def test_a_long_text_without_blanks_goes_on_in_the_next_line() -> None:
    assert breakable("a few words") == "a few words"
    assert breakable("." * 45) == "\u200b".join((20 * ".", 20 * ".", 5 * "."))
