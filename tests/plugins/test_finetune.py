"""Finetuning: what learns and what stays, photos varied by the seed, a run that is better than where it began."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from finetuned_cnn.config import FinetunedCnnConfig
from finetuned_cnn.family import FinetunedCnn
from finetuned_cnn.finetune import finetune, learning_parts
from trasluz.api import Metric, Note, Preview
from trasluz.core.data.index import Index
from trasluz.core.data.readers import builtin_sources
from trasluz.core.data.samples import build_sample
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.request import RunRequest
from trasluz.host.run import execute_run
from trasluz.torchkit import checkpoint
from trasluz.torchkit.photos.backbone import Classifier
from trasluz.torchkit.photos.learning import class_weights, weights_of
from trasluz.torchkit.photos.lite0 import pretrained
from trasluz.torchkit.resume import LAST


class Context:
    """A run's context without a host."""

    device = "cpu"

    def __init__(self, folder: Path, data: Path, **settings: object) -> None:
        self.config = FinetunedCnnConfig(**settings)
        index = folder / "index.sqlite"
        folder.mkdir(parents=True, exist_ok=True)
        self.dataset = (
            Index.open(index, builtin_sources()) if index.exists() else Index.build(data, index, builtin_sources())
        )
        self.checkpoint_folder = folder / "checkpoint"
        self.checkpoint_folder.mkdir(exist_ok=True)
        self.events: list[object] = []
        self.stop_at: int | None = None
        self.looks = 0

    def emit(self, event: object) -> None:
        self.events.append(event)

    def stopping(self) -> bool:
        self.looks += 1
        return self.stop_at is not None and self.looks > self.stop_at

    def pausing(self) -> bool:
        return False

    def seconds_left(self) -> None:
        return None


def network(classes: int) -> Classifier:
    torch.manual_seed(0)
    return Classifier(pretrained(), classes)


def tuned(context: Context, *, strategy: str = "few-layers") -> Classifier:
    net = network(len(context.dataset.labels))
    return finetune(context, net, strategy=strategy)  # type: ignore[arg-type]


@pytest.fixture
def colours(tmp_path: Path, make_photos: Callable[..., Path]) -> Path:
    root = tmp_path / "colours"
    make_photos(root / "train", {"red": 8, "blue": 8})
    return make_photos(root / "val", {"red": 3, "blue": 3}, size=(52, 44)).parent


@pytest.mark.parametrize("strategy", ["few-layers", "many-layers"])
def test_the_early_parts_stay_to_the_last_bit_and_the_late_ones_move(
    tmp_path: Path, colours: Path, strategy: str
) -> None:
    context = Context(tmp_path / "run", colours, epochs=1, batch_size=8)
    before = network(2)
    after = tuned(context, strategy=strategy)
    moving = learning_parts(after, strategy)  # type: ignore[arg-type]
    assert before.parts()[-1][0] == moving[-1] == "classifier"
    for (name, old), (_, new) in zip(before.parts(), after.parts(), strict=True):
        same = all(torch.equal(a, b) for a, b in zip(old.parameters(), new.parameters(), strict=True))
        # Where no pass was better than the start, the start is what is kept.
        assert same or name in moving
    for (name, old), (_, new) in zip(before.named_buffers(), after.named_buffers(), strict=True):
        assert torch.equal(old, new), f"the statistics {name} are ImageNet's"
    stages = next(e.facts["stages"] for e in context.events if isinstance(e, Note) and "stages" in e.facts)
    assert [s["name"] for s in stages if s["learning"]] == list(moving)
    assert sum(s["size"] for s in stages) == sum(p.numel() for p in after.parameters())
    rates = [s["learning_rate"] for s in stages]
    assert rates == sorted(rates)
    assert rates[-1] == context.config.learning_rate
    previews = [e for e in context.events if isinstance(e, Preview)]
    assert {item.target for item in previews[-1].items} == {"red", "blue"}


def test_it_learns_and_the_same_seed_gives_the_same_curve(tmp_path: Path, colours: Path) -> None:
    curves = []
    for name in ("one", "two"):
        context = Context(tmp_path / name, colours, epochs=3, batch_size=4, patience=9)
        tuned(context)
        curves.append([(e.name, e.split, e.step, e.value) for e in context.events if isinstance(e, Metric)])
    assert curves[0] == curves[1]
    losses = [value for name, split, _, value in curves[0] if (name, split) == ("loss", "val")]
    assert min(losses[1:]) < losses[0]


def test_a_stopped_finetuning_goes_on_to_the_same_end(tmp_path: Path, colours: Path) -> None:
    settings = {"epochs": 2, "batch_size": 4}
    whole = tuned(Context(tmp_path / "whole", colours, **settings))
    stopped = Context(tmp_path / "stopped", colours, **settings)
    stopped.stop_at = 5
    tuned(stopped)
    assert any("you asked it to stop" in e.sentence for e in stopped.events if isinstance(e, Note))
    again = Context(tmp_path / "stopped", colours, **settings)
    resumed = tuned(again)
    assert any("Taken up again" in e.sentence for e in again.events if isinstance(e, Note))
    for mine, theirs in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_rare_classes_count_more_only_where_they_are_very_rare(
    tmp_path: Path, make_photos: Callable[..., Path]
) -> None:
    even = Context(tmp_path / "a", make_photos(tmp_path / "even" / "train", {"red": 9, "blue": 3}).parent)
    assert weights(even).tolist() == [1, 1]
    assert not even.events
    odd = Context(tmp_path / "b", make_photos(tmp_path / "odd" / "train", {"red": 40, "blue": 2}).parent)
    found = weights(odd)
    assert found[0] > found[1]  # blue before red
    times = f"counts {found[0] / found[1]:.1f} times as much"
    assert any(times in e.sentence for e in odd.events if isinstance(e, Note)), odd.events


def weights(context: Context) -> np.ndarray:
    return weights_of(
        context, context.dataset.records("train"), list(context.dataset.labels), context.config.class_weights
    )  # type: ignore[arg-type]


@pytest.mark.parametrize("counts", [[5, 5], [1, 5000], [720, 431, 406, 256, 215, 190, 177, 170, 110, 104]])
def test_class_weights_favour_the_rare_and_leave_the_size_of_a_step_as_it_was(counts: list[int]) -> None:
    photos = np.array(counts)
    for kind, balance in (("none", 0.0), ("root", 0.5), ("balanced", 1.0)):
        found = class_weights(counts, kind)
        assert (found * photos).sum() / photos.sum() == pytest.approx(1.0, rel=1e-4)
        share = found * photos**balance
        assert share == pytest.approx(np.full(len(photos), share[0]), rel=1e-4)


@pytest.mark.slow
def test_the_parts_of_the_recipe_change_what_is_learned_and_go_on_after_a_stop(tmp_path: Path, colours: Path) -> None:
    def learned(name: str, stop_at: int | None = None, **settings: object) -> dict[str, torch.Tensor]:
        """The weights at the end, whichever were the best."""
        context = Context(tmp_path / name, colours, epochs=1, batch_size=4, **settings)
        context.stop_at = stop_at
        tuned(context)
        weights: dict[str, torch.Tensor] = checkpoint.read(context.checkpoint_folder / LAST)["state"]["module"]
        return weights

    def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
        return all(torch.equal(one[name], other[name]) for name in one)

    settings = {"unfreezing": 0.5, "mixing": "cutmix", "drop_path": 0.5}
    whole = learned("whole", **settings)
    assert not same(whole, learned("plain"))
    assert not same(learned("stopped", 2, **settings), whole), "stopped before the end"
    assert same(learned("stopped", **settings), whole)


def test_deep_blocks_are_skipped_more_often_and_frozen_ones_never() -> None:
    net = network(2)
    for _, part in net.parts()[:6]:
        part.requires_grad_(False)
    assert net.backbone.skip_blocks(0.4)
    chances = [block.drop_path for block in net.backbone.blocks()]  # type: ignore[operator]
    frozen = sum(len(list(stage.children())) for stage in list(net.backbone.stages)[:5])  # type: ignore[arg-type]
    assert set(chances[:frozen]) == {0.0}
    assert chances[frozen:] == sorted(chances[frozen:])
    assert chances[-1] == 0.4


@pytest.mark.slow
def test_a_whole_run_on_the_surfaces_is_finished_and_held_against_onnx(tmp_path: Path) -> None:
    data = build_sample("surfaces", tmp_path / "data")
    settings = {"strategy": "few-layers", "epochs": 1}
    request = RunRequest.new(family=FinetunedCnn.id, data=str(data), settings=settings, device="cpu")
    run = RunFolder.create(tmp_path / "run", request)
    assert execute_run(run.path) == 0, run.last_events()
    told = [e for e in run.events() if isinstance(e, Metric) and (e.name, e.split) == ("accuracy", "val")]
    assert max(e.value for e in told) > 0.9
    ended = [e for e in run.events() if isinstance(e, Note) and "first_accuracy" in e.facts]
    assert ended
    assert ended[0].facts["first_accuracy"] == told[0].value
