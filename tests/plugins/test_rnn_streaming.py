"""What reads forward only gives the same in chunks as for the whole, in the program and in `predict.py`."""

import json
import subprocess
import sys
import wave
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rnn_stub import StubContext, noises

from sequence_rnn.classification import ClassLesson
from sequence_rnn.decoding import greedy
from sequence_rnn.predict import PROBABILITIES, SCORES, ClassPredictor, TranscriptionPredictor
from sequence_rnn.settings import SoundConfig, SpeechConfig
from sequence_rnn.sound_front import SoundFront
from sequence_rnn.streaming import nothing_heard
from sequence_rnn.tasks import task_for
from sequence_rnn.transcription import TranscriptionLesson
from trasluz.api import ModelCard

SMALL = {"directions": "one", "units": 12, "layers": 2}
CHUNKS = [1, 700, 319, 4_001, 80, 2_500]


def lesson_of(kind: str, cell: str, folder: Path):
    """A lesson that has not begun, and its network with random weights, as if it had ended."""
    import torch

    torch.manual_seed(0)
    if kind == "speech":
        context = StubContext(noises(kind, ["ab", "ba", "abba"]), SpeechConfig(cell=cell, **SMALL), folder)
        lesson = TranscriptionLesson(context, "Speech", SoundFront())
    else:
        context = StubContext(noises(kind, ["a", "b", "c"]), SoundConfig(cell=cell, **SMALL), folder)
        lesson = ClassLesson(context, "Sounds", SoundFront())
    network = lesson.network().eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return lesson, network


def card_of(lesson, network, kind: str, graphs) -> dict:
    """As much of a card as answering needs."""
    extra = dict(ItemExtra(lesson, network))
    return {
        "id": "x", "title": "x", "family": "sequence-rnn", "kind": kind, "labels": list(lesson.labels),
        "graphs": [{"name": "model", "file": graphs["model"]}], "extra": extra, "headline": "cer",
        "data": {"name": "x", "fingerprint": "x", "kind": kind, "train": 3, "val": 3},
    }  # fmt: skip


def ItemExtra(lesson, network):
    """The card's extra, without what is decided after learning."""
    found = dict(super(type(lesson), lesson).extra(network))
    if hasattr(lesson, "alphabet"):
        found["alphabet"] = list(lesson.alphabet.characters)
        found["decoding"] = {"beam": 1, "weight": 0.0, "bonus": 0.0}
    return found


class Graph:
    """A real session, as the house opens it."""

    def __init__(self, path: Path) -> None:
        import onnxruntime

        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(self, feeds, wanted=None):
        names = list(wanted) if wanted is not None else [o.name for o in self.session.get_outputs()]
        return dict(zip(names, self.session.run(names, dict(feeds)), strict=True))


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("kind", ["speech", "sound-classes"])
def test_chunks_give_what_the_whole_gives(kind: str, cell: str, tmp_path: Path) -> None:
    lesson, network = lesson_of(kind, cell, tmp_path)
    graphs = lesson.write(network, tmp_path)
    card = ModelCard.model_validate(card_of(lesson, network, kind, graphs))
    graph = Graph(tmp_path / graphs["model"])
    model = SimpleNamespace(card=card, folder=tmp_path, graph=lambda _name: graph)
    predictor = task_for(kind).predictor(model)
    answered = {"speech": TranscriptionPredictor, "sound-classes": ClassPredictor}[kind]
    assert type(predictor) is answered
    for record in lesson.records:
        sample = lesson.context.dataset.read(record)
        (whole,) = predictor.outputs([sample])
        expected = lesson.reference(network)([sample])[0]
        stream, heard, at = predictor.stream(), [], 0
        waveform = sample.array("waveform")
        while at < len(waveform):
            size = CHUNKS[(at + len(heard)) % len(CHUNKS)]
            if (found := stream.hear(waveform[at : at + size])) is not None:
                heard.append(found)
            at += size
        heard.append(stream.end())
        assert len(heard) > 3
        if kind == "speech":
            joined = np.concatenate([each[SCORES] for each in heard])
            assert joined.shape == whole[SCORES].shape == (lesson.steps(record), lesson.alphabet.size)
            assert np.abs(joined - whole[SCORES]).max() < 2e-4
            assert np.abs(expected[SCORES] - whole[SCORES]).max() < 2e-4
        else:
            assert np.abs(heard[-1][PROBABILITIES] - whole[PROBABILITIES]).max() < 1e-5
            assert np.abs(expected[PROBABILITIES] - whole[PROBABILITIES]).max() < 1e-5
    at_once = predictor.stream().hear(waveform)
    listener, told = predictor.listener(1e9), None
    for at in range(0, len(waveform), 777):
        told = listener.hear(waveform[at : at + 777], 8_000) or told
    assert told is not None
    if kind == "speech":
        assert told.text == "".join(predictor.alphabet.characters[n - 1] for n in greedy(at_once[SCORES])[0])
    else:
        assert told.score == pytest.approx(float(at_once[PROBABILITIES].max()), abs=1e-5)
        short = predictor.listener(0.05)
        for _ in range(12):
            told = short.hear(np.repeat(waveform, 6)[:9_600], 48_000) or told  # a microphone's own rate
        assert dict(told.top).keys() == set(card.labels)


def test_what_reads_both_ways_says_that_it_needs_the_whole(tmp_path: Path) -> None:
    context = StubContext(noises("speech", ["ab", "ba"]), SpeechConfig(units=8, layers=1), tmp_path)
    lesson = TranscriptionLesson(context, "Speech", SoundFront())
    network = lesson.network().eval()
    graphs = lesson.write(network, tmp_path)
    card = ModelCard.model_validate(card_of(lesson, network, "speech", graphs))
    graph = Graph(tmp_path / graphs["model"])
    predictor = task_for("speech").predictor(SimpleNamespace(card=card, folder=tmp_path, graph=lambda _name: graph))
    assert "streaming" not in card.extra
    assert predictor.listener(1.0) is None
    with pytest.raises(ValueError, match="both directions"):
        predictor.stream()


@pytest.mark.parametrize("kind", ["speech", "sound-classes"])
def test_the_script_hears_a_stream(kind: str, tmp_path: Path) -> None:
    lesson, network = lesson_of(kind, "lstm", tmp_path)
    card = card_of(lesson, network, kind, lesson.write(network, tmp_path))
    (tmp_path / "card.json").write_text(json.dumps({**card, "files": {}}), encoding="utf-8")
    script = task_for(kind).script(ModelCard.model_validate(card))
    (tmp_path / "predict.py").write_text(script, encoding="utf-8")
    raw = (lesson.context.dataset.sounds["2.wav"][1].clip(-1, 1) * 32767).astype("<i2").tobytes()
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(raw)

    def said(*given: str, piped: bytes = b"") -> list[str]:
        done = subprocess.run(
            [sys.executable, "-I", "predict.py", *given], input=piped, capture_output=True, cwd=tmp_path, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return [line.partition("\t")[2] for line in done.stdout.decode().splitlines()]

    (whole,) = said("a.wav")
    chunks, live = said("--stream", "a.wav"), said("--stream", "-", piped=raw)
    assert len(chunks) > 5
    assert chunks[-1] == live[-1] == whole


def test_the_state_has_a_name_and_a_shape(tmp_path: Path) -> None:
    lesson, network = lesson_of("sound-classes", "lstm", tmp_path)
    how = lesson.extra(network)["streaming"]
    states = nothing_heard(how)
    assert set(states) == {"past", "state_1", "memory_1", "state_2", "memory_2", "heard_weight", "heard_sum"}
    assert states["state_2"].shape == (1, 1, 12)
    assert how["chunk"] == 320  # 40 ms at 8 kHz
    assert states["past"].shape == (1, 200 + 20 * 80)
