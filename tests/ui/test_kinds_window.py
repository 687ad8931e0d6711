"""Lines, recordings and pairs of texts in the real window: they are called what they are, read, mended in place."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from trasluz.api import DataFacts, GraphFile, ModelCard
from trasluz.core.corrections import Corrections
from trasluz.ui.kinds import words_for
from trasluz.ui.pages.judging.behind import READ
from trasluz.ui.pages.judging.readings import Readings
from trasluz.ui.pages.judging.text_sides import LENGTHS, SCORES, TextSides
from trasluz.ui.pages.judging.verdict import Judged
from trasluz.ui.pages.using.microphone import MicrophonePanel
from trasluz.ui.pages.using.page_cut import PageBoxes
from trasluz.ui.pages.using.typed import Typed
from trasluz.ui.window import Window


def pairs(at: Path) -> Path:
    at.mkdir()
    rows = [(f"word {n}", f"palabra {n}") for n in range(12)]
    (at / "train.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in rows), encoding="utf-8")
    (at / "val.tsv").write_text("one\tuno\ntwo\tdös\n", encoding="utf-8")
    return at


def lines(at: Path) -> Path:
    for n in range(8):
        folder = at / ("train" if n < 6 else "val")
        folder.mkdir(parents=True, exist_ok=True)
        ink = np.full((40, 200), 220, np.uint8)
        ink[10:30, 20 + 5 * n : 60 + 5 * n] = 30
        Image.fromarray(ink).save(folder / f"l{n}.png")
        (folder / f"l{n}.gt.txt").write_text(f"line {n}", encoding="utf-8")
    return at


def test_pairs_stand_side_by_side_and_are_searched_and_mended(
    opened: Callable[[Path], Window], tmp_path: Path, qtbot: QtBot
) -> None:
    window = opened(pairs(tmp_path / "pairs"))
    page: Any = window.page("data")
    assert window.session.step("data").line == "14 pairs"
    gallery = page.gallery
    qtbot.waitUntil(lambda: gallery.model.rowCount() == 14)
    gallery.show_only(search="palabra 7")
    qtbot.waitUntil(lambda: gallery.model.rowCount() == 1)
    item = gallery.model.item(0)
    assert [text for _, text in item.texts] == ["word 7", "palabra 7"]
    gallery._open(gallery.model.index(0, 0))
    detail = gallery.detail
    assert detail.asked.text() == "word 7"
    assert detail.truth.edit.toPlainText() == "palabra 7"
    detail.truth.edit.setPlainText("palabra siete")
    desk, project = window.session.corrections, window.session.project
    assert project is not None
    with qtbot.waitSignal(desk.changed, timeout=20_000):
        qtbot.keyClick(detail.truth.edit, Qt.Key.Key_Return)
    at = project.corrections_path
    qtbot.waitUntil(at.exists, timeout=20_000)
    (made,) = Corrections.read(project.corrections_path)
    assert (made.part, made.was, made.now) == (item.part, "palabra 7", "palabra siete")
    with qtbot.waitSignal(desk.changed):
        desk.undo()
    assert not len(desk)


def test_lines_are_shown_with_their_text_and_rare_characters_open_them(
    opened: Callable[[Path], Window], tmp_path: Path, qtbot: QtBot
) -> None:
    window = opened(lines(tmp_path / "lines"))
    page: Any = window.page("data")
    gallery = page.gallery
    qtbot.waitUntil(lambda: gallery.model.rowCount() == 8)
    qtbot.waitUntil(lambda: gallery.thumbnails.held_bytes > 0, timeout=20_000)
    qtbot.waitUntil(lambda: not page.alphabet.isHidden(), timeout=20_000)
    assert page.classes.isHidden()
    page.alphabet.chosen.emit("3")
    qtbot.waitUntil(lambda: gallery.model.rowCount() == 1)
    assert gallery.model.item(0).label == "line 3"
    for name in ("model", "train", "judge", "use", "export"):
        window.go(name)
        assert not window.grab().isNull()


def test_readings_are_sorted_aligned_and_grouped() -> None:
    items = [
        Judged("a", "abc", "abc", group="x", length=1),
        Judged("b", "abcd", "xbc", group="y", length=2),
        Judged("c", "ab", "ba", group="y", length=3),
    ]
    found = Readings.of(items, by_words=False)
    assert [row.item.path for row in found.rows] == ["c", "b", "a"]
    assert found.confused["a", "x"] == 1
    assert found.confused["d", ""] == 1
    assert [row.item.path for row in found.confusion(("a", "x"))] == ["b"]
    assert [(s.name, len(s.readings)) for s in found.by_group()] == [("y", 2), ("x", 1)]
    assert sum(len(s.readings) for s in found.by_length()) == 3
    assert found.matrix().rows[-1] == "∅"
    several = Readings.of([Judged("w", "HH AH\nHH EH L", "HH AH", asked="huh")], by_words=True)
    assert several.rows[0].wrong == 0


def test_words_that_are_asked_are_long_by_their_letters_and_every_score_is_listed(qtbot: QtBot) -> None:
    items = [Judged(f"{n}", "HH AH L", "HH AH", asked="a" * n) for n in range(1, 9)]
    found = Readings.of(items, by_words=True)
    assert found.unit == "word" and found.long_by == "character" and len(found.by_length()) > 1
    sides = TextSides()
    qtbot.addWidget(sides)
    made = ModelCard(
        id="r1",
        title="A network",
        family="text-seq2seq",
        kind="text-pairs",
        graphs=(GraphFile(name="encoder", file="encoder.onnx", inputs=(), outputs=()),),
        headline="chrf",
        metrics={"bleu": 41.5, "chrf": 60.25},
        signatures={"bleu": "nrefs:1|case:mixed", "chrf": "nrefs:1|nc:6"},
        data=DataFacts(name="d", fingerprint="f", kind="text-pairs", train=8, val=4),
    )
    sides.show_readings(found, words_for("text-pairs"), made)
    assert "characters of what was asked" in sides._hints[LENGTHS]
    told = [label.text() for label in sides.scores.findChildren(QLabel)]
    assert told.index("Likeness in characters") < told.index("Likeness to the given translation")
    assert "41.5" in told and any("nrefs:1|case:mixed" in line for line in told)
    sides.show_readings(found, words_for("text-pairs"))
    assert sides.buttons[SCORES].isHidden()


def test_a_length_and_a_speaker_are_chosen_together(qtbot: QtBot) -> None:
    items = [Judged(f"{who}{n}", "a" * n, "b" + "a" * (n - 1), group=who) for who in "xyz" for n in (1, 1, 5, 9, 9)]
    sides = TextSides()
    qtbot.addWidget(sides)
    sides.show_readings(Readings.of(items, by_words=False), words_for("speech"))
    opened: list[tuple[str, int]] = []
    sides.opened.connect(lambda title, rows: opened.append((title, len(rows))))
    sides.groups.chosen.emit("y  (5)")
    assert opened[-1] == ("y", 5)
    short = sides.lengths.view.labels[0]
    assert sum(int(label.split("(")[1][:-1]) for label in sides.lengths.view.labels) == 5  # only of that speaker
    sides.lengths.chosen.emit(short)
    assert opened[-1] == (f"y · {short.split()[0]} characters long", int(short.split("(")[1][:-1]))
    with qtbot.waitSignal(sides.cleared):
        sides.groups.chosen.emit(sides.groups.view.labels[sides.groups.view.labels.index(sides.groups.view.highlight)])
        sides.lengths.chosen.emit(sides.lengths.view.highlight)


def test_the_judge_page_lists_texts_worst_first(window: Window, qtbot: QtBot) -> None:
    page: Any = window.page("judge")
    behind = page.behind
    behind.reads = True
    behind.readings.show_kind(words_for("text-pairs"), by_words=False)
    found = Readings.of(
        [Judged("t", "dos", "dös", asked="two"), Judged("t", "uno", "uno", asked="one")], by_words=False
    )
    page.text_sides.show_readings(found, words_for("text-pairs"))
    behind.show_photos("1 with an error", "the worst first", found.wrong, nobody="", root=Path("/"))
    assert behind.shows == READ
    assert behind.readings.judged.rowCount() == 1
    assert "it is dos" in behind.readings.spoken(found.wrong[0])
    opened: list[Any] = []
    page.text_sides.opened.connect(lambda title, rows: opened.append((title, len(rows))))
    names = found.names()
    page.text_sides.matrix.chosen.emit((names.index("o"), names.index("ö")))
    assert opened == [("“o” read as “ö”", 1)]


def test_a_page_s_cuts_are_moved_added_and_taken_away(qtbot: QtBot) -> None:
    from PySide6.QtGui import QPixmap

    page = PageBoxes()
    qtbot.addWidget(page)
    page.resize(404, 404)
    pixmap = QPixmap(400, 400)
    pixmap.fill(Qt.GlobalColor.white)
    page.show_page(pixmap, [[0.1, 0.1, 0.9, 0.2], [0.1, 0.4, 0.9, 0.5]])
    page.show()
    edge = QPointF(page.place(0).center().x(), page.place(0).bottom()).toPoint()
    qtbot.mousePress(page, Qt.MouseButton.LeftButton, pos=edge)
    page._grip = (0, "bottom", QPointF(edge))
    qtbot.mouseMove(page, edge)
    page.boxes[0][3] = 0.25
    qtbot.mouseRelease(page, Qt.MouseButton.LeftButton, pos=edge)
    assert page.boxes[0][3] == 0.25
    page.choose(1)
    qtbot.keyClick(page, Qt.Key.Key_Delete)
    assert len(page.boxes) == 1


def test_a_typed_text_is_asked_line_by_line_and_a_missing_microphone_is_said(
    qtbot: QtBot, monkeypatch: Any, tmp_path: Path
) -> None:
    typed = Typed()
    qtbot.addWidget(typed)
    typed.edit.setPlainText("one\n\n two \none")
    with qtbot.waitSignal(typed.asked) as told:
        qtbot.keyClick(typed.edit, Qt.Key.Key_Return)
    assert told.args == [["one", "two"]]
    monkeypatch.setattr("trasluz.core.places.cache_folder", lambda: tmp_path)
    panel = MicrophonePanel()
    qtbot.addWidget(panel)
    panel.heard(np.full(1600, 0.03, np.float32))
    with qtbot.waitSignal(panel.kept) as kept:
        panel.finish()
    from trasluz.core.data.sounds import read_sound

    waveform, rate = read_sound(kept.args[0])
    assert (len(waveform), rate) == (1600, 16_000)
    kept.args[0].unlink()
    panel.finish()
    assert "Nothing was recorded" in panel.trouble.text()
    assert json.dumps(panel.refusal())
