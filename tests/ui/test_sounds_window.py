"""Recordings in the real window, whose pages were made for photos: nothing breaks, and what they are is said."""

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from trasluz.ui.window import Window


def sounds(at: Path) -> Path:
    for label, pitch in (("high", 900), ("low", 200)):
        (at / label).mkdir(parents=True)
        for n in range(6):
            tone = 0.5 * np.sin(2 * np.pi * (pitch + 7 * n) * np.arange(1600) / 8000)
            with wave.open(str(at / label / f"{n}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(8000)
                file.writeframes((tone * 32767).astype("<i2").tobytes())
    return at


def test_recordings_are_opened_and_every_page_stands(
    opened: Callable[[Path], Window], tmp_path: Path, qtbot: QtBot
) -> None:
    window = opened(sounds(tmp_path / "sounds"))
    assert window.session.summary is not None
    assert window.session.summary.kind == "sound-classes"
    assert window.session.step("data").line == "12 recordings"
    page: Any = window.page("data")
    qtbot.waitUntil(lambda: page.gallery.model.rowCount() == 12)
    qtbot.waitUntil(lambda: page.gallery.thumbnails.waiting == 0, timeout=20_000)
    assert page.gallery.thumbnails.held_bytes > 0, "the waveforms are shown"
    grid = page.gallery.grid
    place = grid.visualRect(page.gallery.model.index(0, 0)).center()
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert page.gallery.detail.isVisible()
    for name in ("model", "train", "judge", "use", "export", "data"):
        window.go(name)
        qtbot.wait(200)
        assert not window.grab().isNull()
