"""The finetuned CNN as a person meets it: settings, strategies, views, the exported script, bad data."""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from finetuned_cnn.config import FinetunedCnnConfig
from finetuned_cnn.explain import ClassActivation, LearningStages, StageAccuracy
from finetuned_cnn.export import CLASS_MAPS
from finetuned_cnn.family import FinetunedCnn
from finetuned_cnn.predict import FinetunedCnnPredictor
from trasluz.api import Bars, Failed, Kind, Note, Overlay, Record, Sample, Stages
from trasluz.core.data.images import read_image
from trasluz.core.data.samples import build_sample
from trasluz.core.inference.export import export
from trasluz.core.inference.model import OpenModel
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.request import RunRequest
from trasluz.host.run import execute_run
from trasluz.torchkit.photos.graph import PROBABILITIES
from trasluz.torchkit.photos.predict import BATCH


def train(data: Path, place: Path, **settings: object) -> tuple[int, RunFolder]:
    request = RunRequest.new(family=FinetunedCnn.id, data=str(data), settings=dict(settings), device="cpu")
    run = RunFolder.create(place, request)
    return execute_run(run.path), run


@pytest.fixture(scope="module")
def stages_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunFolder]:
    """`stages` on the sample of surfaces: it goes through all that `linear` goes through, for every part."""
    place = tmp_path_factory.mktemp("stages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRASLUZ_HOME", str(place / "home"))
        status, run = train(build_sample("surfaces", place / "data"), place / "run", strategy="stages")
    assert status == 0, run.last_events()
    yield run


@pytest.fixture(scope="module")
def model(stages_run: RunFolder) -> OpenModel:
    return OpenModel(stages_run.model_folder, FinetunedCnn(), "cpu")


def sample_of(image: np.ndarray) -> Sample:
    return Sample(Record("photo.jpg"), {"image": image})


def photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_the_registry_loads_it_without_torch() -> None:
    code = (
        "import sys\n"
        "from trasluz.core.plugins.registry import Registry\n"
        "registry = Registry.load()\n"
        "schema = registry.family('finetuned-cnn').config.model_json_schema()\n"
        "assert schema['properties']['strategy']['default'] == 'auto'\n"
        "heavy = {'torch', 'onnxruntime', 'onnx', 'sklearn', 'scipy', 'PySide6', 'transformers', 'accelerate'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("setting", [{"strategy": "everything"}, {"backbone": ""}, {"augmentation": 2}])
def test_other_settings_are_refused(setting: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(setting))):
        FinetunedCnnConfig(**setting)


def test_stages_are_compared_and_the_best_is_exported(stages_run: RunFolder, model: OpenModel) -> None:
    compared = model.card.extra["stage_accuracy"]
    used = [stage["name"] for stage in model.card.extra["stages"]]
    assert list(compared)[: len(used) - 1] == used[:-1]
    assert used[-1] == "classifier"
    assert len(compared) == 9
    assert compared[used[-2]] > 0.9
    assert compared[used[-2]] >= max(compared.values()) - 0.05
    assert model.card.metrics["accuracy"] > 0.9
    notes = [event for event in stages_run.events() if isinstance(event, Note)]
    drawn = next(note.facts["stages"] for note in notes if "stages" in note.facts)
    assert [stage["learning"] for stage in drawn] == [False] * (len(drawn) - 1) + [True]


def test_the_val_part_has_no_say_in_the_model(tmp_path: Path, make_photos: Callable[..., Path]) -> None:
    """Trained with val photos of the other class, the weights are the same to the last bit."""
    for name, val in (("fair", {"red": 3, "blue": 3}), ("foul", {"blue": 3, "red": 3})):
        make_photos(tmp_path / name / "train", {"red": 8, "blue": 8})
        make_photos(tmp_path / name / "val", val, size=(50, 44))  # the first class named is painted red
    graphs = []
    for name, expected in (("fair", 1.0), ("foul", 0.0)):
        status, run = train(tmp_path / name, tmp_path / f"run-{name}", strategy="linear")
        assert status == 0
        opened = OpenModel(run.model_folder, FinetunedCnn(), "cpu")
        graphs.append(opened.predictor.outputs([sample_of(photo(60, 60))])[0][PROBABILITIES])
        assert opened.card.metrics["accuracy"] == expected
    assert np.array_equal(graphs[0], graphs[1])


@pytest.mark.parametrize("strategy", ["few-layers", "many-layers"])
def test_finetuning_goes_the_same_road(tmp_path: Path, make_photos: Callable[..., Path], strategy: str) -> None:
    data = tmp_path / "data"
    make_photos(data / "train", {"red": 8, "blue": 8})
    make_photos(data / "val", {"red": 2, "blue": 2}, size=(50, 44))
    status, run = train(data, tmp_path / "run", strategy=strategy, epochs=1, batch_size=8)
    assert status == 0, run.last_events()
    card = OpenModel(run.model_folder, FinetunedCnn(), "cpu").card
    learning = {stage["name"]: stage["learning"] for stage in card.extra["stages"]}
    assert learning["classifier"]
    assert learning["head"]
    assert not learning["stem"]
    assert learning["stage 3"] == (strategy == "many-layers")
    assert card.metrics["accuracy"] == 1.0
    assert card.parity is not None
    assert card.parity.max_abs_diff < 1e-3


def test_one_class_is_a_sentence_about_the_data(tmp_path: Path, make_photos: Callable[..., Path]) -> None:
    data = make_photos(tmp_path / "data", {"train/red": 5, "val/red": 2})
    status, run = train(data, tmp_path / "run", strategy="linear")
    assert status == 3
    failed = run.last_events()[-1]
    assert isinstance(failed, Failed)
    assert failed.data_at_fault
    assert "only one class" in failed.sentence
    assert "red" in failed.sentence


def test_a_class_of_one_photo_is_no_obstacle(tmp_path: Path, make_photos: Callable[..., Path]) -> None:
    data = make_photos(tmp_path / "data", {"train/red": 6, "train/blue": 1, "val/red": 2, "val/blue": 1})
    status, run = train(data, tmp_path / "run", strategy="linear")
    assert status == 0, run.last_events()
    assert OpenModel(run.model_folder, FinetunedCnn(), "cpu").card.labels == ("blue", "red")


@pytest.mark.parametrize(("height", "width"), [(64, 64), (90, 240), (500, 120), (1, 1), (2000, 30)])
def test_the_heat_lies_on_the_square_that_was_seen(model: OpenModel, height: int, width: int) -> None:
    view = ClassActivation().explain(model.predictor, sample_of(photo(height, width)))
    assert isinstance(view, Overlay)
    assert view.image.shape[:2] == (height, width) or max(view.image.shape) <= 1280
    assert view.heat.min() >= 0
    assert view.heat.max() <= 1
    tall, wide = view.heat.shape
    assert tall / wide == pytest.approx(height / width, rel=0.1)
    side = min(tall, wide)
    beside = view.heat.copy()
    top, left = (tall - side) // 2, (wide - side) // 2
    beside[top : top + side, left : left + side] = 0
    assert not beside.any()


def test_the_heat_is_the_class_maps_own(model: OpenModel) -> None:
    sample = sample_of(photo(224, 224, seed=5))
    outputs = model.predictor.explaining_outputs(sample)
    maps = outputs[CLASS_MAPS] - outputs[CLASS_MAPS].mean(axis=0)
    explainer = ClassActivation()
    assert list(explainer.choices(model.card)) == list(model.card.labels)
    for number, label in enumerate(model.card.labels):
        view = explainer.explain(model.predictor, sample, label)
        assert label in view.title
        heat = np.clip(maps[number], 0, None) / maps.max()
        rows = view.heat.shape[0] // heat.shape[0]
        there = view.heat.reshape(heat.shape[0], rows, heat.shape[1], rows).mean(axis=(1, 3))
        if np.ptp(heat) > 0.05:
            assert np.corrcoef(there.ravel(), heat.ravel())[0, 1] > 0.8
    top = explainer.explain(model.predictor, sample)
    assert model.card.labels[int(outputs[PROBABILITIES].argmax())] in top.title
    with pytest.raises(ValueError, match="not one of"):
        explainer.explain(model.predictor, sample, "zebra")


def test_the_heat_finds_what_the_class_is_made_of(tmp_path_factory: pytest.TempPathFactory, model: OpenModel) -> None:
    """Brick on one side and grass on the other: each class's heat lies on its own side."""
    from skimage.data import brick, grass

    halves = np.concatenate([brick()[:224, :112], grass()[:224, :112]], axis=1)
    sample = sample_of(np.repeat(halves[:, :, None], 3, axis=2))
    for label, side in (("brick", slice(0, 112)), ("grass", slice(112, 224))):
        heat = ClassActivation().explain(model.predictor, sample, label).heat
        assert heat[:, side].mean() > 1.2 * heat.mean(), label


def test_the_other_views_come_from_the_card(model: OpenModel) -> None:
    sample = sample_of(photo(30, 30))
    stages = LearningStages().explain(model.predictor, sample)
    assert isinstance(stages, Stages)
    assert stages.learning[-1]
    assert not any(stages.learning[:-1])
    bars = StageAccuracy().explain(model.predictor, sample)
    assert isinstance(bars, Bars)
    assert bars.highlight in bars.labels
    other = model.card.model_copy(update={"family": "another", "extra": {}})
    assert not any(view.applies(other) for view in FinetunedCnn().explainers())


def test_batches_for_a_gpu_keep_the_order(model: OpenModel) -> None:
    """The road that a GPU takes, on this computer's graph: neighbours of one size together."""

    class OnGpu:
        provider = "CUDAExecutionProvider"

        def __init__(self) -> None:
            self.sizes: list[int] = []

        def run(self, feeds, wanted=None):  # type: ignore[no-untyped-def]
            self.sizes.append(len(feeds["image"]))
            return model.graph("model").run(feeds, wanted)

    class Loaded:
        card, folder, graph_ = model.card, model.folder, OnGpu()

        def graph(self, name: str, *, at_once: int = 1) -> OnGpu:
            return self.graph_

    loaded = Loaded()
    predictor = FinetunedCnnPredictor(loaded)  # type: ignore[arg-type]
    shapes = [(30, 40)] * (BATCH + 2) + [(50, 40)] + [(30, 40)] * 2
    samples = [sample_of(photo(*shape, seed=i)) for i, shape in enumerate(shapes)]
    found = predictor.outputs(samples)
    assert loaded.graph_.sizes == [BATCH, 2, 1, 2]
    for ours, theirs in zip(found, model.predictor.outputs(samples), strict=True):
        assert np.allclose(ours[PROBABILITIES], theirs[PROBABILITIES], atol=1e-4)


def odd_photos(folder: Path) -> list[Path]:
    """The kinds of file that the script has to read as the program does."""
    folder.mkdir()
    pixels = Image.fromarray(photo(70, 50, seed=9)).resize((500, 700), Image.Resampling.BICUBIC)
    pixels.save(folder / "plain.png")
    faded = pixels.convert("RGBA")
    faded.putalpha(Image.linear_gradient("L").resize(pixels.size))
    faded.save(folder / "faded.png")
    pixels.convert("CMYK").save(folder / "printed.jpg", quality=95)
    pixels.convert("P").save(folder / "palette.gif")
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels.save(folder / "turned.jpg", exif=exif, quality=95)
    deep = np.asarray(pixels.convert("L")).astype(np.uint16) * 256
    Image.fromarray(deep).save(folder / "deep.png")
    pixels.resize((2500, 3500)).save(folder / "large.jpg", quality=90)
    pixels.resize((2500, 3500)).save(folder / "large.png")
    return sorted(folder.iterdir())


def run_script(python: Path, folder: Path, photos: list[Path]) -> dict[str, dict[str, float]]:
    done = subprocess.run(
        [python, "-I", folder / "predict.py", *photos],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr
    found = {}
    for line in done.stdout.splitlines():
        path, answers = line.split("\t")
        pairs = [answer.rsplit(" ", 1) for answer in answers.split(", ")]
        found[path] = {label: float(score) for label, score in pairs}
    return found


def test_the_script_answers_as_the_program_does(model: OpenModel, tmp_path: Path) -> None:
    folder = export(model.folder, FinetunedCnn(), tmp_path / "exported")
    photos = odd_photos(tmp_path / "odd photos ☂")
    found = run_script(Path(sys.executable), folder, photos)
    assert list(found) == [str(path) for path in photos]
    for path in photos:
        seen = sample_of(read_image(path, at_most=2048))
        expected = model.predictor.outputs([seen])[0][PROBABILITIES]
        for label, score in found[str(path)].items():
            assert score == pytest.approx(expected[model.card.labels.index(label)], abs=2e-3), path.name


@pytest.mark.slow
def test_the_script_runs_in_a_venv_of_its_own(model: OpenModel, tmp_path: Path) -> None:
    """Only onnxruntime, numpy and Pillow are installed there; skipped where nothing can be installed."""
    folder = export(model.folder, FinetunedCnn(), tmp_path / "exported")
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = [python, "-m", "pip", "install", "-q", "onnxruntime", "numpy", "pillow"]
    done = subprocess.run(install, capture_output=True, text=True, timeout=280, check=False)
    if done.returncode != 0:
        pytest.skip(f"pip cannot install here: {done.stderr.strip().splitlines()[-1:]}")
    photos = odd_photos(tmp_path / "odd")
    assert run_script(python, folder, photos) == run_script(Path(sys.executable), folder, photos)


def test_the_manifest_says_what_the_package_brings() -> None:
    import tomllib

    from finetuned_cnn import trasluz_families

    manifest = tomllib.loads((Path(__file__).parents[2] / "plugins" / "finetuned_cnn" / "plugin.toml").read_text())
    families = list(trasluz_families())
    assert manifest["families"] == [family.id for family in families]
    assert manifest["kinds"] == [Kind.IMAGE_CLASSES, Kind.SOUND_CLASSES] == list(families[0].kinds)
    assert json.dumps(manifest)
