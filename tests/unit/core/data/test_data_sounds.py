"""Recordings by class: what is recognised, what is read of a file, and what is said of a bad one."""

import wave
from pathlib import Path

import numpy as np
import pytest

from trasluz.api import DataError, Kind
from trasluz.core.data.index import Index
from trasluz.core.data.readers import builtin_sources
from trasluz.core.data.readers.sound_classes import SoundClasses

RATE = 8000


def tone(seconds: float = 0.2, loud: float = 0.5, pitch: float = 440.0) -> np.ndarray:
    return loud * np.sin(2 * np.pi * pitch * np.arange(round(seconds * RATE)) / RATE)


def write(path: Path, samples: np.ndarray, *, channels: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(RATE)
        whole = np.repeat(samples[:, None], channels, axis=1) if samples.ndim == 1 else samples
        file.writeframes((whole * 32767).astype("<i2").tobytes())
    return path


def indexed(root: Path, tmp_path: Path) -> Index:
    sources = builtin_sources()
    at = tmp_path / "index.sqlite"
    Index.build(root, at, sources)
    return Index.open(at, sources)


def test_class_folders_become_sounds_with_seconds(tmp_path: Path) -> None:
    for label, pitch in (("low", 200.0), ("high", 900.0)):
        for n in range(6):
            write(tmp_path / "data" / label / f"{n}.wav", tone(0.2 + n / 100, pitch=pitch))
    index = indexed(tmp_path / "data", tmp_path)
    assert (index.kind, list(index.labels)) == (Kind.SOUND_CLASSES, ["high", "low"])
    record = next(r for r in index.records("train") if r.path == "low/0.wav" or r.path.startswith("low/"))
    sample = index.read(record)
    assert record.length == pytest.approx(len(sample.array("waveform")) / RATE)
    assert int(sample.array("rate")) == RATE
    assert sample.array("waveform").dtype == np.float32


def test_a_speaker_is_on_one_side_only(tmp_path: Path) -> None:
    rows = ["file,label,speaker"]
    for speaker in "abcde":
        for n in range(4):
            write(tmp_path / "data" / "wavs" / f"{speaker}{n}.wav", tone(pitch=200 + 50 * n + ord(speaker)))
            rows.append(f"wavs/{speaker}{n}.wav,{n % 2},{speaker}")
    (tmp_path / "data" / "metadata.csv").write_text("\n".join(rows), encoding="utf-8")
    index = indexed(tmp_path / "data", tmp_path)
    learned, judged = ({r.group for r in index.records(split)} for split in ("train", "val"))
    assert learned
    assert judged
    assert not learned & judged


def test_photos_and_sounds_are_not_taken_for_each_other(tmp_path: Path) -> None:
    from PIL import Image

    for label in ("one", "two"):
        for n in range(3):
            write(tmp_path / "sounds" / label / f"{n}.wav", tone(pitch=200 + 100 * n))
            (tmp_path / "photos" / label).mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8, 8), (n * 40, 0, 0)).save(tmp_path / "photos" / label / f"{n}.png")
        Image.new("RGB", (8, 8)).save(tmp_path / "sounds" / label / "cover.png")
        write(tmp_path / "photos" / label / "memo.wav", tone())
    found = {}
    for name in ("sounds", "photos"):
        seen = [(d.confidence, str(s.kind)) for s in builtin_sources() if (d := s.detect(tmp_path / name)) is not None]
        found[name] = max(seen)[1]
    assert found == {"sounds": "sound-classes", "photos": "image-classes"}


def test_recordings_in_no_class_folder_are_advised(tmp_path: Path) -> None:
    write(tmp_path / "data" / "a.wav", tone())
    with pytest.raises(DataError, match="make a folder for each class"):
        SoundClasses().detect(tmp_path / "data")


def test_bad_recordings_are_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for n in range(4):
        write(data / "good" / f"{n}.wav", tone(pitch=300 + 20 * n))
        write(data / "other" / f"{n}.wav", tone(pitch=600 + 20 * n))
    write(data / "good" / "silent.wav", np.zeros(800))
    write(data / "good" / "clipped.wav", tone(loud=3.0).clip(-1, 1))
    write(data / "good" / "eight.wav", tone(pitch=333), channels=8)
    write(data / "good" / "nothing.wav", np.zeros(0))
    (data / "good" / "empty.wav").write_bytes(b"")
    (data / "good" / "text.mp3").write_bytes(b"this is not a recording at all " * 40)
    index = indexed(data, tmp_path)
    problems = {row.rule: row for row in index.summary().problems}
    assert {"silent", "clipped", "channels", "empty", "unreadable"} <= set(problems)
    assert "8 channels" in problems["channels"].sentence
    assert set(problems["empty"].paths) == {"good/nothing.wav", "good/empty.wav"}
    assert problems["unreadable"].paths == ("good/text.mp3",)
    usable = {r.path for split in ("train", "val") for r in index.records(split)}
    assert "good/eight.wav" in usable
    assert "good/nothing.wav" not in usable
    eight = next(r for split in ("train", "val") for r in index.records(split) if r.path == "good/eight.wav")
    assert np.abs(index.read(eight).array("waveform") - tone(pitch=333)).max() < 1e-3


def test_a_waveform_is_drawn_where_it_is_loud(tmp_path: Path) -> None:
    from trasluz.core.data.sounds import drawn

    path = write(tmp_path / "half.wav", np.concatenate([np.zeros(1600), tone()]))
    ink = (drawn(path, 80, 40) == drawn(path, 80, 40)[19, 0]).all(axis=2)  # the middle of silence is a line
    assert ink[:, 5].sum() <= 2
    assert ink[:, 60].sum() > 30
    assert drawn(write(tmp_path / "short.wav", tone(0.001)), 80, 40).shape == (40, 80, 3)


def test_a_recording_of_hours_is_not_decoded_whole(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    write(path, tone())
    seconds = 3 * 3600
    with path.open("r+b") as file:  # a true header over a hole: three hours on no disk space
        size = seconds * RATE * 2
        file.seek(4)
        file.write((36 + size).to_bytes(4, "little"))
        file.seek(40)
        file.write(size.to_bytes(4, "little"))
        file.truncate(44 + size)
    source = SoundClasses()
    from trasluz.api import Record

    record = source.check(tmp_path, Record("long.wav"))
    assert record.length == seconds
    assert "3.0 hours" in dict(record.extra["notes"])["too-long"]
    assert len(source.read(tmp_path, record).array("waveform")) == 60 * RATE
