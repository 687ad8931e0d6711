"""Checkpoints from the hub: loaded once, whole or not at all, told of, and stopped or cut off without loss."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import COMMIT, Hub, serving
from hypothesis import given
from hypothesis import strategies as st

from trasluz.api import Event, FamilyError, Note, Progress, TrainingStopped
from trasluz.torchkit import hub

WEIGHTS = bytes(range(256)) * 8000  # 2 MB
CONFIG = json.dumps({"model_type": "resnet"}).encode()
FILES = {
    "config.json": CONFIG,
    "preprocessor_config.json": b"{}",
    "model.safetensors": WEIGHTS,
    "README.md": b"# small",
}


@pytest.fixture(autouse=True)
def _online(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not off the hub, as a developer's environment may be; and not long at a broken connection."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub._Download, "_pause", lambda _self: None)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving(Hub(dict(FILES))) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


class Run:
    """Listens to a download, and may stop it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[Event] = []
        self.stop_after: float | None = None

    def stopping(self) -> bool:
        done = max((e.done for e in self.events if isinstance(e, Progress)), default=0.0)
        return self.stop_after is not None and done >= self.stop_after

    def fetch(self, name: str = "hub:owner/small", check=lambda _config: None) -> Path:  # type: ignore[no-untyped-def]
        return hub.fetch(
            hub.Source.parse(name),
            folder=self.folder,
            emit=self.events.append,
            stopping=self.stopping,
            check=check,
        )


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(hub, "TELL_EVERY_SECONDS", 0.0)
    return Run(tmp_path / "hub")


def test_a_model_is_loaded_whole_told_of_and_asked_for_only_once(server: Hub, run: Run) -> None:
    place = run.fetch()
    assert (place / "model.safetensors").read_bytes() == WEIGHTS
    assert (place / "config.json").read_bytes() == CONFIG
    assert hub.licence_of(place) == "apache-2.0"
    assert json.loads((place / hub.COMPLETE).read_bytes())["commit"] == COMMIT
    told = [e for e in run.events if isinstance(e, Progress)]
    assert {e.stage for e in told} == {"Downloading owner/small"}
    assert {e.unit for e in told} == {"MB"}
    total = (len(WEIGHTS) + len(CONFIG) + 2) / 1e6
    assert told[-1].done == pytest.approx(total)
    assert told[-1].total == pytest.approx(total)
    assert [e.done for e in told] == sorted(e.done for e in told)
    note = next(e for e in run.events if isinstance(e, Note))
    assert "Only that name leaves this computer" in note.sentence
    asked = len(server.asked)
    assert run.fetch() == place
    assert len(server.asked) == asked, "what is there is used without asking the network"
    assert {name for name, _ in server.loads()} == {"config.json", "preprocessor_config.json", "model.safetensors"}


def test_a_connection_that_breaks_is_taken_up_where_it_broke(server: Hub, run: Run) -> None:
    server.break_after = [700_000, 900_000]
    place = run.fetch()
    assert (place / "model.safetensors").read_bytes() == WEIGHTS
    spans = [span for name, span in server.loads() if name == "model.safetensors"]
    assert len(spans) == 3
    assert spans[0] == ""
    assert all(int(span[6:-1]) > 0 for span in spans[1:])


def test_stopped_and_taken_up_again_by_a_later_run(server: Hub, run: Run) -> None:
    run.stop_after = 0.5
    with pytest.raises(TrainingStopped):
        run.fetch()
    part = run.folder / "owner--small" / "model.safetensors.part"
    begun = part.stat().st_size
    assert 0 < begun < len(WEIGHTS)
    again = Run(run.folder)
    assert (again.fetch() / "model.safetensors").read_bytes() == WEIGHTS
    assert ("model.safetensors", f"bytes={begun}-") in server.loads()
    assert not part.exists()
    assert max(e.done for e in again.events if isinstance(e, Progress)) <= (len(WEIGHTS) + 1000) / 1e6


def test_a_server_that_cannot_begin_in_the_middle_begins_anew(server: Hub, run: Run) -> None:
    server.break_after, server.ranges = [700_000], False
    assert (run.fetch() / "model.safetensors").read_bytes() == WEIGHTS
    assert run.events[-1].done == pytest.approx(run.events[-1].total)  # type: ignore[union-attr]


def test_what_arrives_damaged_is_thrown_away(server: Hub, run: Run) -> None:
    server.damage = True
    with pytest.raises(FamilyError, match=r"model\.safetensors.*arrived damaged"):
        run.fetch()
    assert not list(run.folder.rglob("model.safetensors*"))
    server.damage = False
    assert (run.fetch() / "model.safetensors").read_bytes() == WEIGHTS


def test_a_damaged_beginning_is_found_and_loaded_anew(server: Hub, run: Run) -> None:
    place = run.folder / "owner--small"
    place.mkdir(parents=True)
    (place / "model.safetensors.part").write_bytes(b"x" * 500_000)
    assert (run.fetch() / "model.safetensors").read_bytes() == WEIGHTS


def test_what_was_shortened_on_disk_is_loaded_again(server: Hub, run: Run) -> None:
    place = run.fetch()
    (place / "model.safetensors").write_bytes(WEIGHTS[:100])
    assert (run.fetch() / "model.safetensors").read_bytes() == WEIGHTS


def test_a_refused_configuration_costs_no_weights(server: Hub, run: Run) -> None:
    def refuse(config: object) -> None:
        raise FamilyError(f"no {config}")

    with pytest.raises(FamilyError, match="no "):
        run.fetch(check=refuse)
    server.files["config.json"] = json.dumps({"model_type": "resnet", "auto_map": {"AutoModel": "x.Y"}}).encode()
    with pytest.raises(FamilyError, match="auto_map"):
        run.fetch()
    assert "model.safetensors" not in {name for name, _ in server.loads()}


def test_shards_are_loaded_by_their_list(server: Hub, run: Run) -> None:
    del server.files["model.safetensors"]
    names = {f"model-0000{n}-of-00002.safetensors": bytes([n]) * 1000 for n in (1, 2)}
    index = {"weight_map": dict(zip("ab", names, strict=True))}
    server.files |= names | {"model.safetensors.index.json": json.dumps(index).encode()}
    place = run.fetch()
    assert all((place / name).read_bytes() == content for name, content in names.items())


@pytest.mark.parametrize("named", ["../outside.safetensors", "missing.safetensors", 7])
def test_a_list_that_names_other_files_is_refused(server: Hub, run: Run, named: object) -> None:
    del server.files["model.safetensors"]
    server.files["model.safetensors.index.json"] = json.dumps({"weight_map": {"a": named}}).encode()
    with pytest.raises(FamilyError):
        run.fetch()


def test_without_safetensors_nothing_is_loaded(server: Hub, run: Run) -> None:
    server.files["pytorch_model.bin"] = server.files.pop("model.safetensors")
    with pytest.raises(FamilyError, match="pickle"):
        run.fetch()
    assert server.loads() == []


def test_no_such_model_no_such_revision_no_consent(server: Hub, run: Run) -> None:
    with pytest.raises(FamilyError, match="no model “owner/other”"):
        run.fetch("hub:owner/other")
    with pytest.raises(FamilyError, match="no revision “nowhere”"):
        run.fetch("hub:owner/small@nowhere")
    server.gated = True
    with pytest.raises(FamilyError, match="consent"):
        run.fetch()


def test_without_a_network_the_sentence_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
    with pytest.raises(FamilyError, match=r"cannot be reached: connect to the network"):
        run.fetch()


def test_a_network_that_goes_away_for_good_ends_it(server: Hub, run: Run) -> None:
    server.break_after = [1000] + [0] * 20
    with pytest.raises(FamilyError, match="cannot be reached"):
        run.fetch()
    server.break_after = []
    assert (run.fetch() / "model.safetensors").read_bytes() == WEIGHTS


@given(st.text(max_size=40))
def test_any_text_is_a_model_or_a_sentence(text: str) -> None:
    try:
        source = hub.Source.parse(text)
    except FamilyError as error:
        assert "hub:owner/name" in str(error)
        return
    assert source.owner_and_name
    assert not {"/", "\\"} & set(source.folder_name)
    assert ".." not in source.folder_name
