"""Listening and recording, with a sound device in the place of the microphone and a model in the place of the host."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QTimer
from pytestqt.qtbot import QtBot

from trasluz.api import Prediction, Predictor
from trasluz.host.calls import UsageError
from trasluz.host.listening import Ear
from trasluz.ui.kinds import words_for
from trasluz.ui.microphone import NO_SOUND, Microphone, written
from trasluz.ui.pages.using.listening import ListeningPanel
from trasluz.ui.pages.using.microphone import MicrophonePanel

RATE = 8_000


class Tape:
    """A device that gives what is recorded on it."""

    rate, frame = RATE, 2

    def __init__(self, sound: np.ndarray | None) -> None:
        self.sound, self.stopped = sound, False

    def start(self) -> QIODevice | None:
        if self.sound is None:
            return None
        self.buffer = QBuffer()
        self.buffer.setData(QByteArray(written(self.sound)))
        self.buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        return self.buffer

    def samples(self, piece: bytes) -> np.ndarray:
        return (np.frombuffer(piece, "<i2") / 32768).astype(np.float32)

    def stop(self) -> None:
        self.stopped = True


class LoudOrSoft(Predictor):
    """Says whether what it heard was loud."""

    def outputs(self, samples: Any) -> Any:
        return [{"loud": np.abs(s.array("waveform")).max()} for s in samples]

    def interpret(self, sample: Any, outputs: Any) -> Prediction:
        loud = "loud" if outputs["loud"] > 0.5 else "soft"
        other = "soft" if loud == "loud" else "loud"
        return Prediction(text=loud, label=loud, score=0.9, top=((loud, 0.9), (other, 0.1)))


class Host:
    """Answers by `Ear` at once, as the host's process does later."""

    def __init__(self, folder: Path, kind: str = "sound-classes") -> None:
        card: Any = SimpleNamespace(kind=kind, labels=("loud", "soft"))
        self.model: Any = SimpleNamespace(card=card, folder=folder, provider="CPUExecutionProvider")
        self.model.predictor = LoudOrSoft(SimpleNamespace(card=card))  # type: ignore[arg-type]
        self.ear, self.asked = Ear(), list[dict[str, Any]]()

    def call(self, _owner: Any, method: str, params: dict[str, Any], *, success: Any, failure: Any) -> Any:
        assert method == "hear"
        self.asked.append(params)
        try:
            answer = self.ear.hear(
                self.model, *(params[n] for n in ("samples",)), **{n: params[n] for n in ("rate", "name", "seconds")}
            )
        except UsageError as error:
            QTimer.singleShot(0, lambda error=error: failure(SimpleNamespace(sentence=str(error))))
        else:
            QTimer.singleShot(0, lambda: success(answer))
        return SimpleNamespace(cancel=lambda: None)


def tone(seconds: float, loudness: float) -> np.ndarray:
    return (loudness * np.sin(np.arange(round(seconds * RATE)) * 0.3)).astype(np.float32)


def listening(qtbot: QtBot, host: Host, source: Callable[[], Tape]) -> tuple[ListeningPanel, str]:
    panel = ListeningPanel(Microphone(source=source))
    qtbot.addWidget(panel)
    session: Any = SimpleNamespace(host=host, device="cpu")
    return panel, panel.start(session, Path("model"), words_for(host.model.card.kind))


def test_what_the_microphone_hears_is_answered_and_written_down_once(qtbot: QtBot, tmp_path: Path) -> None:
    tape, host = Tape(np.concatenate([tone(1.0, 0.2), tone(1.0, 0.9), tone(3.0, 0.0)])), Host(tmp_path)
    panel, refusal = listening(qtbot, host, lambda: tape)
    assert not refusal
    panel.microphone._pace.stop()
    panel.microphone._device = None
    for at in range(0, len(tape.sound), 800):  # a tenth of a second at a time
        panel.microphone.heard.emit(tape.sound[at : at + 800])
        qtbot.waitUntil(lambda: panel.live._call is None)
    assert [label for _, label, _ in panel.heard] == ["soft", "loud"]
    assert "loud · 90%" in panel.log.text()
    assert panel.title.text() == "It is quiet"
    panel.slider.setValue(95)
    panel.microphone.heard.emit(tone(1.0, 0.9))
    qtbot.waitUntil(lambda: panel.live._call is None)
    assert panel.title.text() == "Nothing it is sure of"
    assert len(panel.heard) == 2
    panel.stop()
    assert tape.stopped
    asked = len(host.asked)
    panel.live.hear(tone(1.0, 0.9))
    assert len(host.asked) == asked, "it listens no more"


def test_a_device_is_read_while_it_gives_sound_and_a_closed_one_is_said(qtbot: QtBot, tmp_path: Path) -> None:
    tape, host = Tape(tone(1.0, 0.9)), Host(tmp_path)
    panel, refusal = listening(qtbot, host, lambda: tape)
    qtbot.waitUntil(lambda: bool(panel.heard))
    assert (refusal, panel.heard[0][1]) == ("", "loud")
    panel.stop()
    assert listening(qtbot, host, lambda: Tape(None))[1] == NO_SOUND
    texts = Host(tmp_path, "speech")
    panel, _ = listening(qtbot, texts, lambda: tape)
    qtbot.waitUntil(lambda: "cannot listen" in panel.trouble.text())
    panel.stop()


def test_a_recording_is_kept_at_the_rate_of_the_microphone(qtbot: QtBot, monkeypatch: Any, tmp_path: Path) -> None:
    from trasluz.core.data.sounds import read_sound

    monkeypatch.setattr("trasluz.core.places.cache_folder", lambda: tmp_path)
    panel = MicrophonePanel(Microphone(source=lambda: Tape(tone(0.5, 0.4))))
    qtbot.addWidget(panel)
    panel.turn()
    qtbot.waitUntil(lambda: panel.seconds >= 0.5)
    with qtbot.waitSignal(panel.kept) as kept:
        panel.turn()
    waveform, rate = read_sound(kept.args[0])
    assert (len(waveform), rate) == (RATE // 2, RATE)
    assert abs(float(np.abs(waveform).max()) - 0.4) < 0.01


def test_a_set_is_read_aloud_prompt_by_prompt(qtbot: QtBot, tmp_path: Path) -> None:
    from trasluz.core.data.readers.sound_classes import SoundClasses
    from trasluz.ui.reading_aloud import ReadingDialog

    tapes = [Tape(tone(1.0, 0.005)), *(Tape(tone(1.0, 0.4)) for _ in range(4))]
    dialog = ReadingDialog(microphone=Microphone(source=lambda: tapes.pop(0)))
    qtbot.addWidget(dialog)
    dialog.begin()
    assert "folder" in dialog.trouble.text()
    dialog.folder.setText(str(tmp_path / "set"))
    dialog.begin()
    assert "too few prompts" in dialog.trouble.text()
    dialog.prompts.setPlainText("yes\nno\n")
    dialog.takes.setValue(2)
    dialog.begin()

    def record() -> None:
        dialog.turn()
        qtbot.waitUntil(lambda: sum(map(len, dialog._pieces)) == RATE)
        dialog.turn()

    record()
    assert "Hardly anything" in dialog.wrong.text()  # nothing is kept of it
    assert dialog.number == 0
    for _ in range(4):
        record()
        assert dialog.said.text().startswith("Kept: 0.9 s")
        dialog._next()
    assert dialog.prompt.text() == "All is recorded."
    with qtbot.waitSignal(dialog.made) as made:
        dialog._open()
    records = list(SoundClasses().records(made.args[0]))
    assert sorted(r.target for r in records) == ["no", "no", "yes", "yes"]  # type: ignore[union-attr]
