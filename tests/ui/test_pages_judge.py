"""The Judge page on a real run: figures open photos, a threshold is kept, wrong labels are mended and learned from."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from trasluz.core.inference.doubt import Answering
from trasluz.core.project import Project
from trasluz.ui.pages.judge import JudgePage
from trasluz.ui.pages.judging.sides import CLASSES, DOUBT, VERSUS
from trasluz.ui.window import Window

WRONG = "val/blue/wrong.jpg"


@pytest.fixture
def judging(judged_project: Path, window: Window, qtbot: QtBot) -> JudgePage:
    window.open_paths([judged_project])
    qtbot.waitUntil(lambda: window.session.model is not None and window.session.summary is not None, timeout=60_000)
    window.go("judge")
    page = window.page("judge")
    assert isinstance(page, JudgePage)
    qtbot.waitUntil(lambda: page.verdict is not None, timeout=20_000)
    return page


def listed(page: JudgePage) -> list[str]:
    return [item.path for item in page.photos.judged.items]


def test_each_number_of_a_class_opens_its_photos_and_each_head_sorts(judging: JudgePage, qtbot: QtBot) -> None:
    judging.sides.turn(CLASSES)
    table = judging.table
    assert [table.item(row, 0).text() for row in range(2)] == ["blue", "red"], "the least well found first"
    assert table.item(0, 1).text() == "6 of 7" and table.item(0, 2).text().startswith("86%  (49–97)")
    for column, count in ((1, 7), (2, 1), (3, 0)):
        table.setCurrentCell(0, column)
        assert len(listed(judging)) == count
    assert not judging.photos.isVisible(), "where there are none a sentence says so"
    table.setCurrentCell(0, 2)
    assert listed(judging) == [WRONG] and judging.photos.isVisible()
    table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    assert table.item(0, 0).text() == "red"


def test_the_last_test_is_taken_on_what_is_kept_apart_and_left_again(
    judging: JudgePage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The data has no test part: its val part stands for one."""
    session, asked = judging.session, []
    assert session.summary is not None and not judging.last_test.isVisible()

    def call(owner: object, method: str, params: dict, *, success: Callable, **rest: object) -> object:
        if method != "evaluate":
            return real(owner, method, params, success=success, **rest)
        asked.append(dict(params))

        def came(found: dict) -> None:
            success({**found, "judgement": {**found["judgement"], "split": "test"}})

        return real(owner, method, {**params, "split": "val"}, success=came, **rest)

    real = session.host.call
    monkeypatch.setattr(session.host, "call", call)
    counts = {**session.summary.counts, "test": {"red": 6, "blue": 7}}
    session.summary = session.summary.model_copy(update={"counts": counts})
    judging.refresh()
    judging._draw_actions()
    assert judging.last_test.isVisible() and judging.last_test.text() == "Last test: 13 photos"
    qtbot.mouseClick(judging.last_test, Qt.MouseButton.LeftButton)
    assert judging.last_test.text() == "Testing…"
    qtbot.waitUntil(lambda: judging.verdict.split == "test", timeout=60_000)
    assert asked[0]["split"] == "test" and Path(asked[0]["index"]).exists()
    assert "on 13 photos kept apart for the test" in judging.header.subtitle
    assert judging.score.value.text() == "92.3%" and judging.before.accessibleName().startswith("Before the test")
    assert judging.sides.buttons[DOUBT].isHidden() and judging.sides.buttons[VERSUS].isHidden(), "nothing is chosen"
    qtbot.mouseClick(judging.last_test, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: judging.verdict.split == "val", timeout=20_000)
    assert judging.last_test.text() == "Last test: 13 photos" and not judging.sides.buttons[DOUBT].isHidden()


def test_the_threshold_is_kept_with_the_model(judging: JudgePage, qtbot: QtBot) -> None:
    judging.sides.turn(DOUBT)
    doubt, run = judging.sides.doubt, judging.session.run
    assert doubt.threshold is None and doubt.answered.text() == "100.0%" and not doubt.show_button.isVisible()
    doubt.slider.setFocus()
    qtbot.keyClick(doubt.slider, Qt.Key.Key_End)
    assert doubt.threshold == 1.0 and doubt.answered.text() == "0.0%" and doubt.right.text() == "–"
    qtbot.mouseClick(doubt.show_button, Qt.MouseButton.LeftButton)
    assert len(listed(judging)) == 13 and listed(judging)[0] == WRONG
    qtbot.waitUntil(lambda: Answering.read(run.folder.model_folder).unsure_below == 1.0, timeout=20_000)
    qtbot.mouseClick(doubt.off_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: Answering.read(run.folder.model_folder).unsure_below is None, timeout=20_000)
    assert doubt.answered.text() == "100.0%" and doubt.right.text() == "92.3%"


def test_a_wrong_label_is_mended_taken_back_and_learned_from(  # noqa: PLR0915 - one road, walked to its end
    judging: JudgePage, judged_project: Path, qtbot: QtBot
) -> None:
    """Correct in place, undo, redo, leave out, take back; train again; hold the two runs against each other."""
    session = judging.session
    desk, kept = session.corrections, Project.open(judged_project).corrections_path
    content = (Project.open(judged_project).data / WRONG).read_bytes()
    assert judging.score.value.text() == "92.3%" and listed(judging) == [WRONG]
    judging.photos.setFocus()
    judging.photos.setCurrentIndex(judging.photos.judged.index(0, 0))
    qtbot.keyClick(judging.photos, Qt.Key.Key_F2)
    menu = judging._menu
    assert menu is not None
    named = {action.text(): action for action in menu.actions()}
    assert {"blue", "red", "Leave it out"} <= set(named) and named["blue"].isChecked()
    named["red"].trigger()
    menu.close()
    judging.window().activateWindow()  # without a screen nobody gives the focus back from a closed menu
    qtbot.waitUntil(lambda: judging.score.value.text() == "100.0%", timeout=20_000)
    assert "92.3% before you corrected" in judging.score.note.text()
    assert judging.again_button.isVisible() and judging.again_button.text() == "Train again with 1 correction"
    qtbot.waitUntil(lambda: session.index is not None and bool(session.index.corrections), timeout=20_000)
    qtbot.keyClick(judging, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: judging.score.value.text() == "92.3%", timeout=20_000)
    qtbot.waitUntil(lambda: not json.loads(kept.read_text())["made"], timeout=20_000)
    assert not judging.again_button.isVisible()
    desk.redo()
    qtbot.waitUntil(lambda: judging.score.value.text() == "100.0%", timeout=20_000)
    item = next(i for i in judging.verdict.items if i.path == WRONG)
    assert (item.target, item.told) == ("red", "blue")
    judging.correct(item, None)
    qtbot.waitUntil(lambda: len(judging.verdict.items) == 12, timeout=20_000)
    judging.behind.show_corrections()
    rows = judging.behind.corrected
    assert [rows.spoken(c) for c in rows.judged.items] == ["left out, the data says blue"]
    qtbot.keyClick(rows, Qt.Key.Key_Down)
    qtbot.keyClick(rows, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(judging.verdict.items) == 13 and not len(desk), timeout=20_000)
    judging.correct(next(i for i in judging.verdict.items if i.path == WRONG), "red")
    qtbot.waitUntil(lambda: len(desk) == 1 and judging.again_button.isVisible(), timeout=20_000)
    assert (Project.open(judged_project).data / WRONG).read_bytes() == content, "the person's files are never touched"

    first = session.run.folder.path
    qtbot.mouseClick(judging.again_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: session.run.folder.path != first, timeout=20_000)
    qtbot.waitUntil(lambda: session.run.state in {"finished", "failed"}, timeout=200_000)
    assert session.run.state == "finished" and session.run.folder.request.name == "first, with 1 correction"
    window = judging.window()
    window.go("judge")
    second = session.run.folder.request.id
    qtbot.waitUntil(lambda: judging.verdict.card.id == second and len(session.runs) == 2, timeout=20_000)
    assert judging.score.value.text() == "100.0%" and "before you corrected" not in judging.score.note.text()
    judging.sides.turn(VERSUS)
    versus = judging.sides.versus
    qtbot.waitUntil(lambda: versus.pair is not None, timeout=20_000)
    assert (versus.pair.items, len(versus.pair.both)) == (13, 13), "both by the labels that count now"
    assert "nothing tells them apart" in versus.words.text()
    qtbot.mouseClick(versus.cells.buttons[0], Qt.MouseButton.LeftButton)
    assert len(listed(judging)) == 13


def test_ten_thousand_judged_photos_hold_up_nothing(judging: JudgePage, qtbot: QtBot) -> None:
    from trasluz.ui.pages.judging.verdict import verdict_of

    told = json.loads(judging.session.run.folder.judgement_path.read_text())
    items = told["items"]
    told["items"] = [
        {**items[i % len(items)], "path": f"val/{i}.jpg", "score": (i * 7 % 9973) / 9973} for i in range(10_000)
    ]
    verdict = verdict_of(judging.verdict.card, told)
    took = []
    for side in (CLASSES, DOUBT, CLASSES, DOUBT):
        judging.sides.turn(side)
        start = time.thread_time()  # of this thread: a busy machine's other work does not count
        judging._came(verdict, 0.5, stay=False)
        took.append(time.thread_time() - start)
    assert judging.photos.judged.rowCount() == len(verdict.mistakes()) > 700
    assert min(took) < 0.016, f"showing them took {min(took) * 1000:.0f} ms"
