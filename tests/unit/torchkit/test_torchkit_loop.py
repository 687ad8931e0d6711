"""The loop: the same curve after any interruption, the best kept, limits respected, trouble told."""

import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torchkit_child as child
from torch import nn

from trasluz.api import FamilyError, Metric, Note, Previewed, Progress, TrainingStopped, parse_event
from trasluz.torchkit import checkpoint
from trasluz.torchkit.optim import warmup_cosine
from trasluz.torchkit.plan import Validation
from trasluz.torchkit.resume import LAST

APP = Path(__file__).resolve().parents[3] / "app"


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Threads that wait for each other over sixteen numbers take seconds on a busy machine."""
    before = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    yield
    torch.set_num_threads(before)


def start(folder: Path) -> subprocess.Popen[bytes]:
    """Train in another process."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(APP), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, child.__file__, str(folder)], env=environment)


def curve(folder: Path) -> dict[tuple[str, str, float], set[float]]:
    """All values that were told for a point."""
    found: dict[tuple[str, str, float], set[float]] = {}
    for line in (folder / "events.jsonl").read_text().splitlines():
        event = parse_event(line)
        if isinstance(event, Metric):
            found.setdefault((event.name, event.split, event.step), set()).add(event.value)
    return found


@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_with_the_same_bits(tmp_path: Path) -> None:
    assert start(tmp_path / "whole").wait() == 0
    draw = random.Random(3)
    kills = 0
    while True:
        process = start(tmp_path / "killed")
        last = tmp_path / "killed" / "checkpoint" / LAST
        before = last.stat().st_mtime_ns if last.exists() else 0
        try:
            if kills < 3:
                # Not the start of Python, but somewhere after a few new checkpoints.
                while process.poll() is None and (not last.exists() or last.stat().st_mtime_ns == before):
                    time.sleep(0.005)
                time.sleep(draw.uniform(0.0, 0.25))
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)
                    kills += 1
            code = process.wait(timeout=120)
        finally:
            process.kill()
        if code == 0:
            break
    assert kills >= 2, "the training ended before it could be killed"
    whole, killed = ((tmp_path / name / "result.json").read_text() for name in ("whole", "killed"))
    assert json.loads(killed) == json.loads(whole)
    # Points between the last checkpoint and the kill were told twice: the same values both times.
    assert curve(tmp_path / "killed") == curve(tmp_path / "whole")
    assert not list((tmp_path / "killed" / "checkpoint").glob("*.writing"))


def test_the_same_seed_gives_the_same_bits_whatever_the_threads_do(tmp_path: Path) -> None:
    one, first = child.train(child.Context(tmp_path / "a"))
    two, second = child.train(child.Context(tmp_path / "b"), batches=child.make_batches(pause=0.002))
    other, _ = child.train(child.Context(tmp_path / "c"), seed=1, batches=child.make_batches(1))
    assert child.fingerprint(one) == child.fingerprint(two)
    assert first.history == second.history
    assert child.fingerprint(one) != child.fingerprint(other)


def test_a_paused_run_leaves_at_once_and_goes_on_to_the_same_end(tmp_path: Path) -> None:
    whole, _ = child.train(child.Context(tmp_path / "whole"))
    paused = child.Context(tmp_path / "paused")
    paused.stop_after, paused.pauses = 17, True
    with pytest.raises(TrainingStopped):
        child.train(paused)
    measured = [e.step for e in paused.events if isinstance(e, Metric) and e.split == "val"]
    assert all(step == int(step) for step in measured)  # no validation is waited for, only a checkpoint
    again = child.Context(tmp_path / "paused")
    module, _ = child.train(again)
    assert child.fingerprint(module) == child.fingerprint(whole)


def test_a_stopped_run_keeps_the_best_and_resumes_to_the_same_end(tmp_path: Path) -> None:
    whole, _ = child.train(child.Context(tmp_path / "whole"))
    stopped = child.Context(tmp_path / "stopped")
    stopped.stop_after = 17
    module, outcome = child.train(stopped)
    assert outcome.ended == "asked"
    assert outcome.passes == pytest.approx(17 / 12)
    assert child.validate(module.eval()).metrics["loss"] == pytest.approx(outcome.metrics["loss"])
    again = child.Context(tmp_path / "stopped")
    module, outcome = child.train(again)
    assert outcome.ended == "passes"
    assert child.fingerprint(module) == child.fingerprint(whole)
    assert any("Taken up again in pass 2" in e.sentence for e in again.events if isinstance(e, Note))


@pytest.mark.parametrize("stop", [10, 30])  # before the first part opens, and after it
def test_gradual_unfreezing_leaves_a_part_alone_until_its_time_and_survives_a_stop(tmp_path: Path, stop: int) -> None:
    firsts: list[bytes] = []

    def check(module: nn.Module) -> Validation:
        firsts.append(module[0].weight.detach().numpy().tobytes())  # type: ignore[operator, union-attr]
        return child.validate(module)

    whole, _ = child.train(child.Context(tmp_path / "whole"), unfreeze=0.5, check=check)
    assert len(set(firsts[:3])) == 1, "closed for two of four passes"
    assert firsts[3] != firsts[2]
    stopped = child.Context(tmp_path / "stopped")
    stopped.stop_after = stop
    child.train(stopped, unfreeze=0.5)
    module, _ = child.train(child.Context(tmp_path / "stopped"), unfreeze=0.5)
    assert child.fingerprint(module) == child.fingerprint(whole)


def test_the_best_weights_are_kept_and_training_ends_when_patience_does(tmp_path: Path) -> None:
    values = iter([0.5, 0.6, 0.9, 0.7, 0.8, 0.85, 0.1])
    seen: list[tuple[float, str]] = []

    def check(module: nn.Module) -> Validation:
        value = next(values)
        seen.append((value, child.fingerprint(module)))
        return Validation({"accuracy": value}, [Previewed(path="a.jpg", target="x", text="y")])

    context = child.Context(tmp_path)
    module, outcome = child.train(
        context, check=check, epochs=50, metric="accuracy", higher_is_better=True, patience=3, average=None
    )
    assert outcome.ended == "patience"
    assert outcome.metrics == {"accuracy": 0.9}
    assert outcome.best_step == 2
    assert outcome.passes == 5
    assert child.fingerprint(module) == dict(seen)[0.9]
    assert not module.training
    told = [e for e in context.events if isinstance(e, Metric) and e.split == "val"]
    assert [e.best for e in told] == [True, True, True, False, False, False]
    assert sum(e.type == "preview" for e in context.events) == 6


def test_a_start_that_is_never_beaten_is_what_is_kept(tmp_path: Path) -> None:
    start = child.network(5)
    before = child.fingerprint(start)
    values = iter([0.1, 0.5, 0.5])
    module, outcome = child.train(
        child.Context(tmp_path), module=start, check=lambda _: Validation({"loss": next(values)}), epochs=2
    )
    assert outcome.best_step == 0
    assert child.fingerprint(module) == before


def test_the_time_limit_leaves_room_for_validation_and_export(tmp_path: Path) -> None:
    def slow(module: nn.Module) -> Validation:
        time.sleep(0.2)
        return child.validate(module)

    context = child.Context(tmp_path, seconds=2.5)
    began = time.monotonic()
    _, outcome = child.train(
        context, check=slow, epochs=100_000, reserve_seconds=0.8, schedule=warmup_cosine(0.1, floor=0.01)
    )
    took = time.monotonic() - began
    assert outcome.ended == "time"
    assert took < 2.5 - 0.8 + 0.3
    assert took > 1.0
    rates = [e.value for e in context.events if isinstance(e, Metric) and e.name == "learning_rate"]
    # The schedule ran down within the limit although the passes were far from done.
    assert max(rates) > 0.015
    assert rates[-1] < 0.2 * max(rates)


def test_when_memory_runs_out_the_batch_is_halved_and_the_step_stays_the_same(tmp_path: Path) -> None:
    sizes: list[int] = []

    def hungry(module: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]):
        sizes.append(len(batch[0]))
        if len(batch[0]) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return child.loss_step(module, batch)

    def plain() -> nn.Module:
        torch.manual_seed(0)
        # Neither dropout nor batch statistics: then pieces of a batch give the whole batch's gradient.
        return nn.Sequential(nn.Linear(6, 16), nn.Identity(), nn.ReLU(), nn.Identity(), nn.Linear(16, 3))

    context = child.Context(tmp_path / "halved")
    module, outcome = child.train(context, module=plain(), step=hungry, epochs=2)
    notes = [e for e in context.events if isinstance(e, Note)]
    assert [n.level for n in notes] == ["warning", "warning"]
    assert "8 items at once; going on with 4" in notes[0].sentence
    assert "4 items at once; going on with 2" in notes[1].sentence
    assert sizes[:4] == [8, 4, 2, 2]
    whole, same = child.train(child.Context(tmp_path / "whole"), module=plain(), epochs=2)
    assert outcome.metrics["loss"] == pytest.approx(same.metrics["loss"], abs=1e-5)
    for mine, theirs in zip(module.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)


def test_no_memory_for_one_item_is_a_sentence(tmp_path: Path) -> None:
    def starving(*_: object):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 9 bytes")

    with pytest.raises(FamilyError, match="not enough memory to learn from a single item"):
        child.train(child.Context(tmp_path), step=starving)


def test_another_error_of_a_step_is_not_taken_for_a_lack_of_memory(tmp_path: Path) -> None:
    def wrong(*_: object):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        child.train(child.Context(tmp_path), step=wrong)


def test_a_step_without_a_number_is_left_out_and_told_once(tmp_path: Path) -> None:
    calls = 0

    def sometimes(module: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]):
        nonlocal calls
        calls += 1
        loss, others = child.loss_step(module, batch)
        return (loss * math.nan if calls % 5 == 0 else loss), others

    context = child.Context(tmp_path)
    module, outcome = child.train(context, step=sometimes)
    assert all(torch.isfinite(p).all() for p in module.parameters())
    assert outcome.metrics["loss"] < outcome.history[0]["loss"]
    assert [e.sentence for e in context.events if isinstance(e, Note)] == [
        "The loss of a step was not a number; that step was left out."
    ]


def test_an_infinite_gradient_changes_nothing(tmp_path: Path) -> None:
    def steep(module: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]):
        loss, others = child.loss_step(module, batch)
        # A finite value with an infinite slope at 0.
        return loss + torch.sqrt((module[4].bias * 0).abs().sum()), others

    with pytest.raises(FamilyError, match="lower learning rate"):
        child.train(child.Context(tmp_path), step=steep)


def test_progress_says_rate_and_time_left_and_not_too_often(tmp_path: Path) -> None:
    context = child.Context(tmp_path)
    child.train(context, batches=child.make_batches(pause=0.01), epochs=3, unit="photos", stage="Learning")
    told = [e for e in context.events if isinstance(e, Progress)]
    assert told[-1].done == told[-1].total == 3 * child.ITEMS
    assert (told[0].current_pass, told[-1].current_pass, told[-1].passes) == (1, 3, 3)
    assert {e.stage for e in told} == {"Learning"}
    assert told[0].unit == "photos"
    assert all(e.rate and e.rate > 0 for e in told)
    assert all(e.seconds_left is not None and e.seconds_left >= 0 for e in told)
    took = told[-1].time - told[0].time
    assert len(told) <= took * 5 + 2 + 3


def test_a_checkpoint_of_other_settings_is_not_resumed(tmp_path: Path) -> None:
    child.train(child.Context(tmp_path), epochs=1)
    context = child.Context(tmp_path)
    _, outcome = child.train(context, epochs=1, identity={"data": "others"})
    assert any("other settings" in e.sentence for e in context.events if isinstance(e, Note))
    assert len(outcome.history) == 2


def test_a_damaged_checkpoint_is_said_and_the_run_starts_anew(tmp_path: Path) -> None:
    child.train(child.Context(tmp_path), epochs=1)
    last = tmp_path / "checkpoint" / LAST
    last.write_bytes(last.read_bytes()[:-100])
    context = child.Context(tmp_path)
    _, outcome = child.train(context, epochs=1)
    assert any("damaged" in e.sentence for e in context.events if isinstance(e, Note))
    assert len(outcome.history) == 2


def test_a_full_disk_costs_the_checkpoint_and_not_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "write", full)
    context = child.Context(tmp_path)
    module, outcome = child.train(context)
    assert outcome.ended == "passes"
    assert "No space left on device" in next(e.sentence for e in context.events if isinstance(e, Note))
    assert sum(isinstance(e, Note) for e in context.events) == 1
    assert child.validate(module).metrics["loss"] == pytest.approx(outcome.metrics["loss"])


def test_a_finished_run_that_is_resumed_only_gives_its_best(tmp_path: Path) -> None:
    module, first = child.train(child.Context(tmp_path))
    context = child.Context(tmp_path)
    again, second = child.train(context)
    assert child.fingerprint(again) == child.fingerprint(module)
    assert second.history == first.history
    assert not [e for e in context.events if isinstance(e, Metric)]


def test_nothing_to_learn_from_is_a_sentence(tmp_path: Path) -> None:
    from trasluz.torchkit.batches import Batches

    empty: Batches[int, object] = Batches([], load=lambda i, _: i, collate=list, batch_size=4)
    with pytest.raises(FamilyError, match="nothing to learn from"):
        child.train(child.Context(tmp_path), batches=empty)
