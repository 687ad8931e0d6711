"""The pages on real runs: a folder of photos becomes a model that is judged, used and exported."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from trasluz.api import Failed, Metric, Note, Preview, Previewed, Progress, Started
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.request import RunRequest
from trasluz.ui.pages.export import ExportPage
from trasluz.ui.pages.judge import JudgePage
from trasluz.ui.pages.model import ModelPage
from trasluz.ui.pages.train import TrainPage
from trasluz.ui.pages.use import UsePage
from trasluz.ui.window import Window

Opened = Callable[[Path], Window]


def page_of(window: Window, name: str) -> object:
    window.go(name)
    return window.page(name)


def new_run(window: Window, name: str = "r1") -> RunFolder:
    project = window.session.project
    assert project is not None
    request = RunRequest(id=name, name=name, family="finetuned-cnn", data=str(project.data))
    return RunFolder.create(project.runs_folder / name, request)


def buttons(widget: object) -> list[str]:
    return [b.text() for b in widget.findChildren(QAbstractButton) if b.isVisible() and b.text()]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("model", "Open your data →"),
        ("train", "Open your data →"),
        ("judge", "Open your data →"),
        ("use", "Open your data →"),
        ("export", "Open your data →"),
    ],
)
def test_without_a_project_each_page_has_the_one_next_step(name: str, step: str, window: Window, qtbot: QtBot) -> None:
    page = page_of(window, name)
    assert buttons(page) == [step]
    button = next(b for b in page.findChildren(QAbstractButton) if b.text() == step)  # type: ignore[attr-defined]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.current == "start"


@pytest.mark.parametrize("name", ["train", "judge", "use", "export"])
def test_without_a_run_each_page_leads_to_the_model(name: str, opened: Opened, photos: Path, qtbot: QtBot) -> None:
    window = opened(photos)
    page = page_of(window, name)
    assert buttons(page) == ["Choose a model →"]
    button = next(b for b in page.findChildren(QAbstractButton) if b.isVisible())  # type: ignore[attr-defined]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.current == "model"


def test_a_run_is_followed_from_its_folder_and_a_failure_is_a_sentence(
    opened: Opened, photos: Path, qtbot: QtBot
) -> None:
    window = opened(photos)
    session = window.session
    run = new_run(window)
    with run.lock():
        run.append(Started(pid=1, device="cpu"))
        run.append(Progress(stage="Learning", done=0, total=8, unit="passes", passes=8))
        page = page_of(window, "train")
        assert isinstance(page, TrainPage)
        session.choose_run(run.path)
        qtbot.waitUntil(lambda: session.run is not None and session.run.state == "running")
        for step in (1, 2, 3):
            run.append(Metric(name="accuracy", split="train", value=0.5 + step / 10, step=step))
            run.append(Metric(name="accuracy", split="val", value=0.5 + step / 20, step=step, best=True))
        first = next(photos.rglob("*.jpg")).relative_to(photos).as_posix()
        run.append(Preview(step=3, items=(Previewed(path=first, target="red", text="blue", score=0.7),)))
        run.append(
            Note(
                sentence="The batch was halved.",
                level="warning",
                facts={"stages": [{"name": "stem", "learning": False}, {"name": "head", "learning": True}]},
            )
        )
        run.append(Progress(stage="Learning", done=3, total=8, unit="passes", passes=8, rate=0.5, seconds_left=10))
        qtbot.waitUntil(lambda: len(page.curves.painter.view.series) == 2)
        assert page.curves.isVisible() and page.notes.isVisible() and page.previews.isVisible()
        assert "judging" in page.curves.painter.accessibleDescription()
        assert page.progress.line.fraction == pytest.approx(3 / 8)
        qtbot.mouseClick(page.stop_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(run.stop_asked)
        assert page.stop_button.text() == "Stopping…" and not page.stop_button.isEnabled()
        run.append(Failed(sentence="The disk is full; make room and resume.", details="Traceback: …"))
    run.close()
    qtbot.waitUntil(page.failure.isVisible, timeout=8000)
    assert page.resume_button.isVisible() and "Details" in buttons(page)
    for name, words in (("judge", "This run has no model"), ("use", "This run has no model")):
        shown = page_of(window, name)
        assert "Look at the run →" in buttons(shown), words


def test_a_torn_event_file_and_missing_photos_do_not_stop_the_page(opened: Opened, photos: Path, qtbot: QtBot) -> None:
    window = opened(photos)
    run = new_run(window)
    run.append(Started(pid=1, device="cpu"))
    run.append(Preview(step=1, items=(Previewed(path="gone/away.jpg", target="red", text="red", score=1.0),)))
    run.close()
    with run.events_path.open("ab") as file:
        file.write(b'{"type": "metric", "na')
    window.go("train")
    window.session.choose_run(run.path)
    page = window.page("train")
    assert isinstance(page, TrainPage)
    qtbot.waitUntil(page.resume_button.isVisible, timeout=8000)
    thumbnails = page.previews._thumbnails
    assert thumbnails is not None
    qtbot.waitUntil(lambda: bool(thumbnails.failure(str(photos / "gone" / "away.jpg"))), timeout=15_000)


def test_from_photos_to_an_exported_model(  # noqa: PLR0915 - one road, walked to its end
    opened: Opened, make_photos: Callable[..., Path], tmp_path: Path, qtbot: QtBot
) -> None:
    """The main job, by hand: choose, train, judge, ask why, use on photos and a folder, export."""
    data = make_photos(tmp_path / "things", {"red": 20, "blue": 20})
    window = opened(data)
    session = window.session
    qtbot.waitUntil(lambda: bool(session.catalogue), timeout=60_000)
    model = page_of(window, "model")
    assert isinstance(model, ModelPage) and model.form is not None
    assert model.cards["finetuned-cnn"].isChecked()
    model.form.set_values({"strategy": "linear"})
    qtbot.mouseClick(model.train_button, Qt.MouseButton.LeftButton)
    assert window.current == "train"
    # the use page is there before the run ends: the model is opened ahead for it
    use = page_of(window, "use")
    assert isinstance(use, UsePage)
    train = page_of(window, "train")
    assert isinstance(train, TrainPage)
    qtbot.waitUntil(lambda: session.run is not None and session.run.state in {"finished", "failed"}, timeout=200_000)
    assert session.run is not None
    assert session.run.state == "finished", [e for e in session.run.events if e.type == "failed"]
    qtbot.waitUntil(train.judge_button.isVisible)
    assert train.stretches.isVisible(), "a linear classifier has stages, not an empty plot"
    qtbot.mouseClick(train.judge_button, Qt.MouseButton.LeftButton)

    judge = window.page("judge")
    assert isinstance(judge, JudgePage)
    qtbot.waitUntil(lambda: judge.verdict is not None, timeout=10_000)
    assert judge.verdict is not None and judge.score.value.text() == "100.0%"
    assert judge.parity.value.text().startswith("✓")
    judge.matrix.setFocus()
    qtbot.keyClick(judge.matrix, Qt.Key.Key_Right)
    assert judge.matrix.selected == (0, 0) and judge.photos.judged.rowCount() == judge.verdict.counts[0, 0] > 0
    judge.photos.setCurrentIndex(judge.photos.judged.index(0, 0))
    qtbot.keyClick(judge.photos, Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: judge.answer.painter is not None and judge.answer.painter.view.heat.size > 1, timeout=30_000
    )

    use = page_of(window, "use")
    assert isinstance(use, UsePage)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"not a photo")
    red = next((data / "red").iterdir())
    assert use.accepts_drop([red])
    window.open_paths([red, broken])
    qtbot.waitUntil(lambda: len(use.tray.tray.answers) == 2, timeout=30_000)
    assert use.tray.tray.answers[str(red)]["label"] == "red"
    assert "broken.jpg" in use.tray.tray.answers[str(broken)]["error"]
    qtbot.waitUntil(lambda: use.answer.title.text().startswith("red"))
    assert "ms" in use.answer.facts.text()
    picture = QImage(60, 60, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.blue)
    QGuiApplication.clipboard().setImage(picture)
    use.setFocus()
    qtbot.keyClick(use, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: use.answer.title.text().startswith("blue"), timeout=15_000)
    window.open_paths([data])
    qtbot.waitUntil(lambda: not use.folder.under_way and len(use.folder.answers.rows) == 40, timeout=60_000)
    use.folder.save(tmp_path / "answers.csv")
    qtbot.waitUntil((tmp_path / "answers.csv").exists)

    export = page_of(window, "export")
    assert isinstance(export, ExportPage)
    export.export_to(tmp_path / "mine")
    qtbot.waitUntil(lambda: export.written is not None, timeout=60_000)
    assert {p.name for p in (tmp_path / "mine").iterdir()} >= {"card.json", "README.md", "predict.py", "model.onnx"}
    assert "Open the folder →" in buttons(export)
    export.written = None
    export.numbers.buttons["int8"].setChecked(True)
    export.export_to(tmp_path / "small")
    assert "Stop" in buttons(export)
    qtbot.waitUntil(lambda: export.written is not None, timeout=100_000)
    assert "in int8" in export._facts.text() and "fp32" in export._facts.text()


def test_nothing_holds_up_the_window_while_a_long_run_is_replayed(opened: Opened, photos: Path, qtbot: QtBot) -> None:
    window = opened(photos)
    run = new_run(window)
    run.append(Started(pid=1, device="cpu"))
    lines = []
    for step in range(3000):
        for split in ("train", "val"):
            lines.append(Metric(name="accuracy", split=split, value=step / 3000, step=step + 1).model_dump_json())
    run.close()
    with run.events_path.open("a") as file:
        file.write("\n".join(lines) + "\n")
    window.go("train")
    page = window.page("train")
    assert isinstance(page, TrainPage)
    window.session.choose_run(run.path)
    qtbot.waitUntil(lambda: len(page.story.points.get("accuracy", {}).get("val", ())) == 3000, timeout=10_000)
    took = []
    for _ in range(5):
        start = time.perf_counter()
        page._draw()
        took.append(time.perf_counter() - start)
    assert min(took) < 0.016, f"drawing the page took {min(took) * 1000:.0f} ms"
