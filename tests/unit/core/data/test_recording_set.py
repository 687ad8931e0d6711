"""A set that is read aloud: it lies as the readers want it, and can be left and gone on with at any moment."""

from pathlib import Path

import numpy as np
import pytest

from trasluz.api import DataError, Record
from trasluz.core.data.readers.sound_classes import SoundClasses
from trasluz.core.data.readers.speech import Speech
from trasluz.core.data.recording_set import RecordingSet, prompts_of, trouble_of

SOUND = (8000 * np.sin(np.arange(8_000) * 0.2)).astype("<i2").tobytes()


def test_prompts_are_lines_each_once() -> None:
    assert prompts_of("Guten  Tag\n\n# a note\nGuten Tag\n Wie geht es? \n") == ["Guten Tag", "Wie geht es?"]


def test_sentences_are_data_as_soon_as_they_are_recorded(tmp_path: Path) -> None:
    texts = ["Say “yes”, or “no”.", "Two, three", "…"]
    reading = RecordingSet(tmp_path / "set", texts, speaker="Ana María", classes=False)
    assert (reading.recorded, reading.following()) == (0, 0)
    reading.keep(0, SOUND, 16_000)
    reading.keep(2, SOUND, 16_000)
    again = RecordingSet(tmp_path / "set", texts, speaker="Ana María", classes=False)
    assert (again.recorded, again.following(), again.following(1)) == (2, 1, 1)
    again.keep(0, SOUND, 48_000)  # better this time: it takes the place of the first
    again.keep(1, SOUND, 16_000)
    assert again.following() == 3
    other = RecordingSet(tmp_path / "set", texts, speaker="Bo", classes=False)
    other.keep(0, SOUND, 16_000)
    found = [r for r in Speech().records(tmp_path / "set") if isinstance(r, Record)]
    assert sorted((r.target, r.group) for r in found) == sorted([*((t, "Ana María") for t in texts), (texts[0], "Bo")])
    sample = Speech().read(tmp_path / "set", found[0])
    assert int(sample.array("rate")) == 48_000
    with pytest.raises(DataError, match="another folder"):
        RecordingSet(tmp_path / "set", ["a", "b"], speaker="Bo", classes=True)


def test_classes_are_read_in_rounds_of_changing_order(tmp_path: Path) -> None:
    names = ["yes", "no", "Go", "go!"]
    reading = RecordingSet(tmp_path, names, speaker="", classes=True, takes=3)
    rounds = [[p.text for p in reading.prompts[at : at + 4]] for at in (0, 4, 8)]
    assert all(sorted(each) == sorted(names) for each in rounds)
    assert len({tuple(each) for each in rounds}) > 1
    for number in range(12):
        reading.keep(number, SOUND, 16_000)
    source = SoundClasses()
    assert source.detect(tmp_path) is not None
    found = [r for r in source.records(tmp_path) if isinstance(r, Record)]
    assert sorted(r.target for r in found) == sorted(names * 3)
    with pytest.raises(DataError, match="too few"):
        RecordingSet(tmp_path, ["one"], speaker="", classes=True)


def test_what_is_wrong_with_a_recording_is_said_at_once() -> None:
    speech = 0.3 * np.sin(np.arange(16_000) * 0.1)
    assert trouble_of(speech, 16_000) == ""
    assert "short" in trouble_of(speech[:800], 16_000)
    assert "Hardly" in trouble_of(0.01 * speech, 16_000)
    assert "loud" in trouble_of((9 * speech).clip(-1, 1), 16_000)
