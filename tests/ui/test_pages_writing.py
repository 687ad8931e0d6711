"""The Use page with a model that writes: text as it comes, what else might have come, stopping, looking inside."""

import os
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from trasluz.core.project import Project
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.request import RunRequest
from trasluz.host.run import execute_run
from trasluz.host.service import Service
from trasluz.ui.pages.using.writing import WritingPanel
from trasluz.ui.window import Window

PATIENCE = 60_000


@pytest.fixture(scope="module")
def written_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one small model of the next character, hardly trained."""
    root = tmp_path_factory.mktemp("written")
    (root / "song.txt").write_text("the cat sat on the mat, (again) and again.\n" * 300, encoding="utf-8")
    project = Project.create(root / "project", name="song", data=root / "song.txt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRASLUZ_HOME", str(root / "home"))
        Service().inspect(data=str(project.data), index=str(project.index_path))
        request = RunRequest.new(
            family="sequence-rnn",
            data=str(project.data),
            index=str(project.index_path),
            cache=str(project.cache_folder),
            corrections=str(project.corrections_path),
            device="cpu",
            name="first",
            settings={"epochs": 1, "units": 16, "layers": 1, "truncation": 32, "batch_size": 16},
        )
        run = RunFolder.create(project.runs_folder / request.id, request)
        assert execute_run(run.path) == os.EX_OK, run.last_words()
    return project.folder


@pytest.fixture
def panel(written_project: Path, window: Window, qtbot: QtBot) -> WritingPanel:
    window.open_paths([written_project])
    qtbot.waitUntil(lambda: window.session.model is not None and window.session.summary is not None, timeout=PATIENCE)
    window.go("use")
    page = window.page("use")
    qtbot.waitUntil(lambda: page.writing is not None and page.writing.isVisible(), timeout=PATIENCE)
    return page.writing


def test_a_text_is_written_shown_and_looked_into(panel: WritingPanel, qtbot: QtBot) -> None:
    panel.start.setPlainText("the cat")
    panel.length.setValue(60)
    panel.pace.setCurrentIndex(panel.pace.count() - 1)
    panel.write()
    qtbot.waitUntil(lambda: not panel.under_way and "a second" in panel.facts.text(), timeout=PATIENCE)
    first = panel.text.written
    assert first.startswith("the cat") and len(first) == len("the cat") + 60
    assert panel.bars.view.labels and panel.bars.view.highlight
    assert sum(panel.bars.view.values) <= 1.001
    qtbot.waitUntil(lambda: panel.inside.painter is not None, timeout=PATIENCE)
    assert "".join(panel.inside.painter.view.pieces) == first
    panel.text.pointed.emit(0)
    assert panel.place.text().startswith("After “the cat”")
    panel.write()
    qtbot.waitUntil(lambda: not panel.under_way and "a second" in panel.facts.text(), timeout=PATIENCE)
    assert panel.text.written == first, "the same seed writes the same text"


def test_it_can_be_stopped_and_what_it_never_learned_is_said(panel: WritingPanel, qtbot: QtBot) -> None:
    panel.start.setPlainText("")
    panel.length.setValue(100_000)
    panel.pace.setCurrentIndex(0)
    panel.write()
    qtbot.waitUntil(lambda: len(panel.text.written) > 2, timeout=PATIENCE)
    panel.stop()
    assert panel.facts.text().startswith("Stopped after") and not panel.under_way
    panel.start.setPlainText("Zebra")
    panel.length.setValue(5)
    panel.pace.setCurrentIndex(panel.pace.count() - 1)
    panel.write()
    qtbot.waitUntil(lambda: "never learned “Z”" in panel.facts.text(), timeout=PATIENCE)
