"""The strategy table: a distance that means something with few photos, a cell for each place, one home for `auto`."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetuned_cnn.advice import placed
from finetuned_cnn.config import FinetunedCnnConfig
from finetuned_cnn.explain import StrategyTable
from finetuned_cnn.family import FinetunedCnn
from trasluz.api import Event, Graph, Progress, Quadrants, Record, TrainingStopped
from trasluz.core.data.index import Index
from trasluz.core.data.readers import builtin_sources
from trasluz.core.inference.model import find_model, read_card
from trasluz.core.inference.session import OnnxGraph
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.request import RunRequest
from trasluz.host.run import execute_run
from trasluz.torchkit.photos import distance as measuring
from trasluz.torchkit.photos.axes import FAR, MANY_PHOTOS
from trasluz.torchkit.photos.distance import MEANS, SAMPLE, SQUARES, distance, export_statistics, measure, spread_over


class Context:
    """What a family is asked with, over real photos and real graphs; counts the photos that went through one."""

    def __init__(self, dataset: Index, cache: Path) -> None:
        self.config = FinetunedCnnConfig()
        self.dataset = dataset
        self.cache_folder = cache
        self.events: list[Event] = []
        self.ran = 0
        self.stop_after: int | None = None

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def stopping(self) -> bool:
        return self.stop_after is not None and self.ran >= self.stop_after

    def open_graph(self, path: Path, *, at_once: int = 1) -> Graph:
        graph, count, lock = OnnxGraph(path, device="cpu"), self, threading.Lock()

        class Counting:
            def run(self, *args, **kwargs):  # type: ignore[no-untyped-def]
                with lock:
                    count.ran += 1
                return graph.run(*args, **kwargs)

        return Counting()  # type: ignore[return-value]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared: what was measured of a photo is measured once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def context(make_photos: Callable[..., Path], tmp_path: Path) -> Iterator[Context]:
    root = make_photos(tmp_path / "photos", {"train/red": 6, "train/blue": 8, "val/red": 2, "val/blue": 2})
    dataset = Index.build(root, tmp_path / "index.sqlite", builtin_sources())
    (tmp_path / "cache").mkdir()
    yield Context(dataset, tmp_path / "cache")
    dataset.close()


# the mathematics


def drawn(
    photos: int, *, seed: int = 0, channels: int = 1800, shift: float = 0.0, spread: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Statistics of photos whose channels have that mean and that deviation in ImageNet's units."""
    rng = np.random.default_rng(seed)
    own = 0.5 * spread  # photos differ from each other by this much in their own means
    means = shift + own * rng.normal(size=(photos, channels))
    within = spread**2 - own**2
    return means, means**2 + within


def test_photos_like_imagenet_are_at_no_distance_and_others_further() -> None:
    assert distance(*drawn(400)) < 0.05
    shifted = [distance(*drawn(400, shift=s)) for s in (0.0, 0.2, 0.5, 1.0)]
    assert shifted == sorted(shifted) and shifted[-1] == pytest.approx(1.0, abs=0.05)
    narrowed = [distance(*drawn(400, spread=s)) for s in (1.0, 0.7, 0.4, 0.1)]
    assert narrowed == sorted(narrowed) and narrowed[-1] == pytest.approx(0.9, abs=0.05)


@given(st.integers(2, 40), st.randoms(use_true_random=False))
def test_the_order_of_the_photos_and_of_the_channels_means_nothing(photos: int, random: object) -> None:
    means, squares = drawn(photos, shift=0.3, channels=60)
    photo, channel = np.random.default_rng(1).permutation(photos), np.random.default_rng(2).permutation(60)
    assert distance(means[photo][:, channel], squares[photo][:, channel]) == pytest.approx(distance(means, squares))


@pytest.mark.parametrize(("shift", "spread"), [(0.0, 1.0), (0.3, 0.9), (0.5, 0.6)])
def test_ten_photos_are_as_far_as_a_thousand(shift: float, spread: float) -> None:
    many = distance(*drawn(2000, shift=shift, spread=spread))
    few = [distance(*drawn(10, seed=seed, shift=shift, spread=spread)) for seed in range(40)]
    assert np.mean(few) == pytest.approx(many, abs=0.05)


def test_a_single_photo_has_a_distance() -> None:
    assert 0 < distance(*drawn(1, shift=0.5)) < 2


# the network


def test_the_graph_gives_what_the_normalisations_see(tmp_path: Path) -> None:
    import torch

    from trasluz.torchkit.photos import lite0
    from trasluz.torchkit.photos.squares import as_batch

    path, _version, channels = export_statistics(tmp_path)
    photo = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    found = OnnxGraph(path, device="cpu").run({"image": photo[None]})
    backbone = lite0.pretrained().eval()
    seen: list[tuple[np.ndarray, np.ndarray]] = []

    def tap(norm: torch.nn.BatchNorm2d, given: tuple[torch.Tensor, ...]) -> None:
        scale = (norm.running_var + norm.eps).sqrt()[:, None, None]  # type: ignore[operator]
        z = (given[0] - norm.running_mean[:, None, None]) / scale  # type: ignore[index]
        seen.append((z.mean((2, 3))[0].numpy(), (z * z).mean((2, 3))[0].numpy()))

    for block in backbone.blocks():
        block.project.norm.register_forward_pre_hook(tap)
    with torch.inference_mode():
        backbone(as_batch([photo], backbone))
    assert channels == sum(len(mean) for mean, _ in seen) == found[MEANS].shape[1]
    assert np.allclose(found[MEANS][0], np.concatenate([mean for mean, _ in seen]), atol=2e-3)
    assert np.allclose(found[SQUARES][0], np.concatenate([square for _, square in seen]), rtol=2e-3, atol=2e-3)


def pictures_of(make: Callable[[np.random.Generator], np.ndarray], root: Path, count: int = 16) -> Path:
    from PIL import Image

    rng = np.random.default_rng(0)
    for i in range(count):
        folder = root / ("a" if i % 2 else "b")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(make(rng)).save(folder / f"{i:02}.png")
    return root


def crop(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    side = int(min(picture.shape[:2]) * rng.uniform(0.6, 1))
    top, left = (int(rng.integers(0, size - side + 1)) for size in picture.shape[:2])
    part = picture[top : top + side, left : left + side]
    return part if part.ndim == 3 else np.repeat(part[:, :, None], 3, axis=2)


def measured(root: Path, cache: Path, tmp_path: Path) -> float:
    dataset = Index.build(root, tmp_path / f"{root.name}.sqlite", builtin_sources())
    try:
        found = measure(Context(dataset, cache))
    finally:
        dataset.close()
    assert found is not None
    return found.distance


@pytest.mark.slow
def test_photos_are_nearer_than_print_and_noise_and_noise_moves_them_away(cache: Path, tmp_path: Path) -> None:
    from skimage import data

    natural = [data.astronaut(), data.chelsea(), data.coffee(), data.rocket()]

    def photo(rng: np.random.Generator, noise: float = 0.0) -> np.ndarray:
        part = crop(natural[int(rng.integers(len(natural)))], rng)
        noisy = part + rng.normal(0, noise, part.shape) if noise else part
        return np.clip(noisy, 0, 255).astype(np.uint8)

    far = {
        "print": lambda rng: crop((data.page(), data.text())[int(rng.integers(2))], rng),
        "noise": lambda rng: rng.integers(0, 256, (120, 120, 3), dtype=np.uint8),
    }
    near = measured(pictures_of(photo, tmp_path / "photos"), cache, tmp_path)
    assert near < FAR - 0.05
    for name, make in far.items():
        assert measured(pictures_of(make, tmp_path / name), cache, tmp_path) > FAR, name
    noisy = [
        measured(pictures_of(lambda rng, n=n: photo(rng, n), tmp_path / f"noise {n}"), cache, tmp_path)  # type: ignore[misc]
        for n in (60, 150)
    ]
    assert noisy[0] < noisy[1] and near < noisy[1]


# asking


def test_the_second_question_is_answered_without_a_network(context: Context) -> None:
    first = measure(context)
    assert first is not None and first.photos == 14 == context.ran
    steps = [e for e in context.events if isinstance(e, Progress)]
    assert (steps[0].done, steps[-1].done, steps[-1].total) == (0, 14, 14)
    again = measure(context)
    assert context.ran == 14
    assert again is not None and again.distance == pytest.approx(first.distance) and again.photos == 14


def test_a_photo_that_cannot_be_read_is_left_out_and_none_at_all_is_no_distance(context: Context) -> None:
    photos = sorted((context.dataset.root / "train").rglob("*.jpg"))
    photos[0].write_bytes(b"no photo")
    found = measure(context)
    assert found is not None and found.photos == 13
    for photo in photos:
        photo.unlink()
    context.cache_folder = context.cache_folder.parent / "another"
    context.cache_folder.mkdir()
    assert measure(context) is None
    advice = FinetunedCnn().advise(context)
    assert advice.table.across.value is None and advice.advised == {"strategy": "linear"}
    assert "could not be measured" in advice.sentence


def test_it_stops_when_nobody_waits(context: Context) -> None:
    context.stop_after = 2
    with pytest.raises(TrainingStopped):
        measure(context)


@given(st.integers(0, 5000))
def test_the_sample_is_spread_over_all_photos(count: int) -> None:
    records = [Record(str(i)) for i in range(count)]
    found = [int(record.path) for record in spread_over(records)]
    assert len(found) == len(set(found)) == min(count, SAMPLE)
    if count:
        assert found[0] == 0 and found[-1] == count - 1 and found == sorted(found)


# the table


@pytest.mark.parametrize(
    ("photos", "away", "strategy"),
    [
        (MANY_PHOTOS - 1, FAR - 0.01, "linear"),
        (MANY_PHOTOS - 1, FAR, "stages"),
        (MANY_PHOTOS, FAR - 0.01, "few-layers"),
        (MANY_PHOTOS, FAR, "many-layers"),
    ],
)
def test_each_cell_has_its_strategy_and_its_neighbour_near_the_threshold(
    photos: int, away: float, strategy: str
) -> None:
    advice = placed(Counter({"a": photos, "b": photos, "c": 10 * photos}), away, photos=200)
    assert advice.advised == {"strategy": strategy}
    assert f"{photos:,} photos" in advice.sentence and f"{away:.2f}" in advice.sentence
    assert set(advice.also) == {advice.cell ^ 1, advice.cell ^ 2}
    assert [cell.badge for cell in advice.table.cells].index("advised") == advice.cell == advice.table.chosen
    clear = placed(Counter({"a": 5, "b": 5}), 0.1, photos=10)
    assert clear.also == ()


@given(st.dictionaries(st.text("abc", min_size=1), st.integers(1, 10**6), min_size=1), st.floats(0, 5) | st.none())
def test_any_data_has_a_place(counts: dict[str, int], away: float | None) -> None:
    advice = placed(Counter(counts), away, photos=1)
    assert FinetunedCnnConfig(**advice.advised).strategy != "auto"
    assert advice.sentence.endswith(".")


def test_auto_does_what_the_advice_says_and_the_card_tells_why(context: Context, tmp_path: Path) -> None:
    asked = FinetunedCnn().advise(context)
    request = RunRequest.new(
        family=FinetunedCnn.id,
        data=str(context.dataset.root),
        settings={"strategy": "auto"},
        device="cpu",
        cache=str(context.cache_folder),
    )
    run = RunFolder.create(tmp_path / "run", request)
    assert execute_run(run.path) == 0, run.last_events()
    card = read_card(find_model(run.path))
    assert {"strategy": card.extra["strategy"]} == dict(asked.advised)
    assert card.extra["why"] == asked.sentence
    assert card.extra["advice"] == asked.to_json()
    assert context.ran == 14, "the run found the distance where the advice left it"
    explainer = StrategyTable()
    assert explainer.applies(card)

    class Model:
        card = read_card(find_model(run.path))

    view = explainer.explain(Model(), None)  # type: ignore[arg-type]
    assert isinstance(view, Quadrants) and view.caption == asked.sentence
    assert measuring.VERSION
