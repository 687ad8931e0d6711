"""Following a run: every event once, in order, however its bytes arrive."""

import math
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from trasluz.api import Failed, Metric, Note, Progress, parse_event
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.follow import Follower
from trasluz.core.runs.request import RunRequest

_EVENTS = st.one_of(
    st.builds(Progress, time=st.floats(0, 1e10), stage=st.text(max_size=20), done=st.floats(0, 1e6)),
    st.builds(
        Metric,
        time=st.floats(0, 1e10),
        name=st.text(max_size=5),
        value=st.floats(allow_nan=False),
        step=st.floats(0, 1e6),
    ),
    st.builds(Note, time=st.floats(0, 1e10), sentence=st.text(max_size=40)),
    st.builds(Failed, time=st.floats(0, 1e10), sentence=st.text(max_size=40), details=st.text(max_size=90)),
)


@given(st.lists(_EVENTS, max_size=12), st.data())
@settings(max_examples=120, deadline=None)
def test_any_split_of_the_bytes_gives_the_same_events(events, data) -> None:
    content = b"".join(e.model_dump_json().encode() + b"\n" for e in events)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=10)))
    with tempfile.TemporaryDirectory() as name:
        follower, seen = Follower(Path(name)), []
        for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
            with (Path(name) / "events.jsonl").open("ab") as file:
                file.write(content[start:end])
            seen += follower.poll()
        assert seen == events
        assert list(RunFolder(name).events()) == events
        assert follower.poll() == []


@given(st.lists(_EVENTS, min_size=1, max_size=6), st.lists(_EVENTS, max_size=4), st.data())
@settings(max_examples=80, deadline=None)
def test_a_process_killed_in_the_middle_of_a_line_costs_that_line_only(before, after, data) -> None:
    """The next process cuts the half line off; a follower that saw it sees each whole event once."""
    lines = [e.model_dump_json().encode() + b"\n" for e in before]
    torn = lines[-1][: data.draw(st.integers(0, len(lines[-1]) - 1))]
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "events.jsonl").write_bytes(b"".join(lines[:-1]) + torn)
        follower = Follower(Path(name))
        seen = follower.poll()
        with RunFolder(name) as folder:
            for event in after:
                folder.append(event)
        assert seen + follower.poll() == before[:-1] + after
        if after:
            assert list(folder.events()) == before[:-1] + after


def test_a_line_longer_than_a_look_is_read_whole(tmp_path) -> None:
    follower = Follower(tmp_path)
    with RunFolder(tmp_path) as folder:
        folder.append(Failed(sentence="x" * 3_000_000))
        folder.append(Note(sentence="after"))
    seen = []
    for _ in range(6):
        seen += follower.poll()
    assert [e.type for e in seen] == ["failed", "note"]


def test_a_long_replay_comes_in_pieces(tmp_path) -> None:
    with RunFolder(tmp_path) as folder:
        for number in range(12_000):
            folder.append(Metric(name="loss", value=number, step=number, split="train"))
    follower, sizes = Follower(tmp_path), []
    while batch := follower.poll():
        sizes.append(len(batch))
    assert sum(sizes) == 12_000
    assert len(sizes) > 1


def test_lines_that_are_no_events_are_left_out(tmp_path) -> None:
    (tmp_path / "events.jsonl").write_bytes(
        b'{"type":"of tomorrow"}\nrubbish\n\n\xff\xfe\n{"type":"note","sentence":"s"}\n'
    )
    assert [e.type for e in Follower(tmp_path).poll()] == ["note"]
    assert [e.type for e in RunFolder(tmp_path).events()] == ["note"]


def test_a_folder_that_is_away_gives_nothing_and_comes_back(tmp_path) -> None:
    follower = Follower(tmp_path / "run")
    assert follower.poll() == []
    folder = RunFolder.create(tmp_path / "run", RunRequest.new(family="f", data="d"))
    folder.append(Note(sentence="there"))
    assert len(follower.poll()) == 1
    folder.close()
    (tmp_path / "run").rename(tmp_path / "away")
    assert follower.poll() == []
    (tmp_path / "away").rename(tmp_path / "run")
    assert follower.poll() == []


def test_a_loss_that_is_no_number_is_said_and_read(tmp_path) -> None:
    with RunFolder(tmp_path) as folder:
        folder.append(Metric(name="loss", value=math.nan, step=1))
        folder.append(Metric(name="loss", value=math.inf, step=2))
    first, second = Follower(tmp_path).poll()
    assert math.isnan(first.value)
    assert second.value == math.inf
    for line in (tmp_path / "events.jsonl").read_text().splitlines():
        assert parse_event(line).type == "metric"


def test_a_name_that_is_no_text_can_be_said(tmp_path) -> None:
    with RunFolder(tmp_path) as folder:
        folder.append(Note(sentence="“caf\udce9.jpg” was set aside", facts={"files": ["caf\udce9.jpg"]}))
    (note,) = Follower(tmp_path).poll()
    assert note.sentence == "“caf\\udce9.jpg” was set aside"
