"""Speech with its text in every layout, and what is said of recordings that cannot hold theirs."""

import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trasluz.api import DataError, Kind, Problem, Record
from trasluz.core.data.index import Index
from trasluz.core.data.readers import builtin_sources
from trasluz.core.data.readers.speech import Speech

SOURCE = Speech()
RATE = 8_000


def write(path: Path, samples: np.ndarray | None = None, *, rate: int = RATE, channels: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if samples is None:
        samples = 0.4 * np.sin(np.arange(rate // 4) * (0.2 + (sum(map(ord, path.name)) % 97) / 97))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.repeat(samples[:, None], channels, axis=1) * 32767).astype("<i2").tobytes())
    return path


def found(root: Path) -> tuple[list[Record], list[Problem]]:
    rows = list(SOURCE.records(root))
    return [r for r in rows if isinstance(r, Record)], [r for r in rows if isinstance(r, Problem)]


def indexed(root: Path, tmp_path: Path) -> Index:
    sources = builtin_sources()
    at = tmp_path / "index.sqlite"
    Index.build(root, at, sources)
    return Index.open(at, sources)


@pytest.mark.parametrize("ending", ["txt", "lab"])
def test_a_transcript_lies_beside_its_recording(tmp_path: Path, ending: str) -> None:
    data = tmp_path / "data"
    for split, name, text in [("train", "a", "bonjour  à tous"), ("train", "b", "oui"), ("val", "c", "non")]:
        write(data / split / f"{name}.wav")
        (data / split / f"{name}.{ending}").write_text(text, encoding="utf-8")
    write(data / "train" / "alone.wav")
    write(data / "train" / "mute.wav")
    (data / "train" / f"mute.{ending}").write_text(" \n", encoding="utf-8")
    (data / "train" / f"nobody.{ending}").write_text("hm", encoding="utf-8")
    records, problems = found(data)
    assert [(r.path, r.split, r.target) for r in records] == [
        ("train/a.wav", "train", "bonjour à tous"),
        ("train/b.wav", "train", "oui"),
        ("val/c.wav", "val", "non"),
    ]
    said = " ".join(p.sentence for p in problems)
    assert "“train/alone.wav” has no transcript" in said
    assert f"“train/mute.{ending}” is empty" in said
    assert f"“train/nobody.{ending}” is a transcript without its recording" in said
    assert indexed(data, tmp_path).kind == Kind.SPEECH


def test_ljspeech_prefers_the_normalised_text(tmp_path: Path) -> None:
    write(tmp_path / "wavs" / "LJ1.wav")
    write(tmp_path / "wavs" / "LJ2.wav")
    write(tmp_path / "wavs" / "LJ9.wav")
    lines = ["LJ1|In 1830|in eighteen thirty", "LJ2|Yes, \u201cI do\u201d", "LJ3|not there|not there", "LJ4||", ""]
    (tmp_path / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    records, problems = found(tmp_path)
    assert [(r.path, r.target) for r in records] == [
        ("wavs/LJ1.wav", "in eighteen thirty"),
        ("wavs/LJ2.wav", "Yes, “I do”"),
    ]
    assert [p.sentence for p in problems[:2]] == [
        "Row 3 of “metadata.csv” names “LJ3”, which is not there; it is left out.",
        "Row 4 of “metadata.csv” has no text; it is left out.",
    ]
    assert "LJ9.wav" in problems[2].sentence
    assert [r.path for r in found(tmp_path / "metadata.csv")[0]] == [r.path for r in records]


def test_common_voice_gives_splits_and_speakers(tmp_path: Path) -> None:
    head = "client_id\tpath\tsentence\tup_votes\n"
    for name, rows in {
        "train": ["anna\ta.wav\tuno", "bert\tb.wav\tdos"],
        "dev": ["cleo\tc.wav\ttres"],
        "test": ["dora\td.wav\tcuatro"],
        "other": ["emil\te.wav\tcinco"],
    }.items():
        (tmp_path / f"{name}.tsv").write_text(head + "".join(f"{row}\t2\n" for row in rows), encoding="utf-8")
    for name in "abcde":
        write(tmp_path / "clips" / f"{name}.wav")
    records, _ = found(tmp_path)
    assert [(r.path, r.target, r.split, r.group) for r in records] == [
        ("clips/a.wav", "uno", "train", "anna"),
        ("clips/b.wav", "dos", "train", "bert"),
        ("clips/c.wav", "tres", "val", "cleo"),
        ("clips/d.wav", "cuatro", "test", "dora"),
    ]


def test_a_list_of_texts_in_a_folder_of_recordings_is_speech_and_no_class(tmp_path: Path) -> None:
    """As the set of read sentences is laid out; its folder `wavs` was taken for a class."""
    data = tmp_path / "data"
    for n in range(4):
        write(data / "wavs" / f"{n}.wav")
    rows = [f'wavs/{n}.wav,"One, two",1 2,{"val" if n == 3 else "train"}' for n in range(4)]
    (data / "metadata.csv").write_text("file,text,raw_text,split\n" + "\n".join(rows), encoding="utf-8")
    index = indexed(data, tmp_path)
    assert (index.kind, index.count("train"), index.count("val")) == (Kind.SPEECH, 3, 1)
    assert index.records("val")[0].target == "One, two"


def test_speakers_are_on_one_side_unless_there_is_one_only(tmp_path: Path) -> None:
    for name, speakers in {"many": "abcde", "one": "aaaaa"}.items():
        rows = ["path,text,speaker"]
        for n in range(20):
            write(tmp_path / name / f"{name}{n}.wav")
            rows.append(f"{name}{n}.wav,word {n},{speakers[n % 5]}")
        (tmp_path / name / "list.csv").write_text("\n".join(rows), encoding="utf-8")
        index = indexed(tmp_path / name, tmp_path)
        train, val = ({r.group for r in index.records(split)} for split in ("train", "val"))
        assert index.count("val") == 4
        assert (train & val == set()) if name == "many" else (train == val == {""})


def test_what_cannot_hold_its_text_is_set_aside_by_name(tmp_path: Path) -> None:
    data = tmp_path / "data"
    draw = np.random.default_rng(0)
    write(data / "good.wav")
    write(data / "also.wav")
    write(data / "loud.wav", np.sign(np.sin(np.arange(RATE) / 9.0)))
    write(data / "many.wav", channels=8)
    write(data / "fast.wav", 0.3 * draw.normal(0, 0.3, 48_000).clip(-1, 1), rate=48_000)
    write(data / "silent.wav", np.zeros(RATE))
    write(data / "nothing.wav", np.zeros(0))
    write(data / "hours.wav", 0.1 * draw.normal(0, 1, 61 * 1_000).clip(-1, 1), rate=1_000)
    (data / "broken.wav").write_bytes(b"RIFF....WAVEnot a sound")
    for path in list(data.glob("*.wav")):
        path.with_suffix(".txt").write_text("some words", encoding="utf-8")
    index = indexed(data, tmp_path)
    used = {r.path for split in ("train", "val") for r in index.records(split)}
    assert used == {"good.wav", "also.wav", "loud.wav", "many.wav", "fast.wav"}
    said = {row.rule: row.sentence for row in index.summary().problems}
    assert "silent" in said["silent"]
    assert "61 seconds long" in said["too-long"]
    assert "0 seconds" in said["empty"]
    assert "clipped" in said["clipped"]
    assert "8 channels" in said["channels"]
    assert "cannot be read as a recording" in said["unreadable"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=120))
def test_no_list_of_ljspeech_breaks_the_reader(tmp_path: Path, raw: bytes) -> None:
    if not (tmp_path / "wavs").is_dir():
        write(tmp_path / "wavs" / "a.wav")
    (tmp_path / "metadata.csv").write_bytes(b"a|one\n" + raw)
    records, _ = found(tmp_path)
    assert records
    assert all(r.target and r.path.startswith("wavs/") for r in records)


def test_a_folder_that_has_changed_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no recordings with their text"):
        list(SOURCE.records(tmp_path))
