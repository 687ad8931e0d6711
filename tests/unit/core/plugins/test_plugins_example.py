"""The plugin of docs/examples, by the road that a stranger's plugin takes: added, trained, asked, exported."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from trasluz.api import Bars, view_from_json
from trasluz.core.plugins.install import examine, install, remove
from trasluz.core.plugins.registry import Registry
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.request import RunRequest

EXAMPLE = Path(__file__).parents[4] / "docs" / "examples" / "colour_histogram"


@pytest.fixture(params=["folder", "zip", "zip with a folder in it"])
def given(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The example as somebody has it on their disk."""
    if request.param == "folder":
        return EXAMPLE
    inner = EXAMPLE.name if "folder" in request.param else "."
    root = EXAMPLE.parent if "folder" in request.param else EXAMPLE
    return Path(shutil.make_archive(str(tmp_path / "colours"), "zip", root, inner))


def test_it_is_added_without_a_warning_and_removed_again(given: Path) -> None:
    with examine(given) as examined:
        assert examined.warnings == []
        assert examined.manifest.families == ["colour-histogram"]
        assert not any("pycache" in file.name for file in examined.files)
        assert install(examined).state == "ready"
    registry = Registry.load()
    assert "colour-histogram" in registry.families, [p.error for p in registry.plugins]
    remove("colour-histogram")
    assert "colour-histogram" not in Registry.load().families


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunFolder]:
    """The example installed and trained on the surfaces."""
    from trasluz.core.data.samples import build_sample
    from trasluz.host.run import execute_run

    with examine(EXAMPLE) as examined:
        install(examined)
    data = build_sample("surfaces", tmp_path / "surfaces")
    request = RunRequest.new(family="colour-histogram", data=str(data), settings={"epochs": 200}, device="cpu")
    folder = RunFolder.create(tmp_path / "run", request)
    assert execute_run(folder.path) == 0, folder.last_words()
    yield folder
    folder.close()


def test_the_whole_road(run: RunFolder, tmp_path: Path) -> None:
    from trasluz.core.inference.model import find_model, read_card
    from trasluz.host.service import Service

    card = read_card(find_model(run.path))
    assert card.parity is not None
    assert card.parity.max_abs_diff < 1e-5
    assert card.metrics["accuracy"] > 0.8  # three surfaces: chance is 0.33
    losses = [e.value for e in run.events() if e.type == "metric" and e.name == "loss"]
    assert losses[-1] < losses[0]

    service, model = Service(), str(run.path)
    photos = sorted((tmp_path / "surfaces" / "val").glob("*/*.png"))
    found = service.predict(model=model, inputs=[str(p) for p in photos])["predictions"]
    right = np.mean([row["label"] == p.parent.name for row, p in zip(found, photos, strict=True)])
    assert right == pytest.approx(card.metrics["accuracy"])

    assert {v["id"]: v["choices"] for v in service.views(model)}["telling-colours"] == list(card.labels)
    for choice in (None, *card.labels):
        told = service.explain(model=model, input=str(photos[0]), view="telling-colours", choice=choice)["view"]
        view = view_from_json(told)
        assert isinstance(view, Bars)
        assert list(view.values) == sorted(view.values, reverse=True)
        assert all(view.values)
        assert choice is None or choice in view.title

    folder = service.export(model=model, out=str(tmp_path / "exported"))["folder"]
    script = Path(folder) / "predict.py"
    answer = subprocess.run(
        [sys.executable, str(script), str(photos[0])], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    name, label, score = answer.stdout.rstrip("\n").split("\t")
    assert (name, label) == (str(photos[0]), found[0]["label"])
    assert float(score) == pytest.approx(found[0]["score"], abs=1e-3)


def test_without_its_plugin_a_model_says_what_is_missing(run: RunFolder, tmp_path: Path) -> None:
    from trasluz.api import FamilyError
    from trasluz.host.service import Service

    remove("colour-histogram")
    photo = next((tmp_path / "surfaces" / "val").glob("*/*.png"))
    with pytest.raises(FamilyError, match="There is no model family “colour-histogram” here"):
        Service().predict(model=str(run.path), inputs=[str(photo)])


def test_the_graph_counts_as_numpy_does(tmp_path: Path) -> None:
    import importlib

    import onnxruntime

    with examine(EXAMPLE) as examined:
        install(examined)
    Registry.load()
    colours = importlib.import_module("colour_histogram.colours")
    random = np.random.default_rng(0)
    for shades, shape in [(2, (1, 1, 3)), (4, (37, 53, 3)), (5, (64, 40, 3)), (8, (120, 90, 3))]:
        weights = random.normal(size=(shades**3 + 1, 3)).astype(np.float32)
        colours.write_graph(tmp_path / "model.onnx", weights, shades)
        session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
        for image in (
            random.integers(0, 256, shape, np.uint8),
            np.full(shape, 255, np.uint8),
            np.zeros(shape, np.uint8),
        ):
            probabilities, evidence = session.run(None, {"image": image})
            mine = np.append(colours.colours_of(image, shades), 1).astype(np.float32)
            assert np.allclose(probabilities, colours.softmax(mine @ weights), atol=1e-6)
            assert np.allclose(evidence, mine[:-1, None] * weights[:-1], atol=1e-6)


def test_the_gradient_is_that_of_the_loss() -> None:
    import importlib

    with examine(EXAMPLE) as examined:
        install(examined)
    Registry.load()
    colours = importlib.import_module("colour_histogram.colours")
    random = np.random.default_rng(1)
    x, y = random.normal(size=(9, 5)), np.eye(3)[random.integers(0, 3, 9)]
    weights, small = random.normal(size=(5, 3)), 1e-6
    slope, _ = colours.step(x, y, weights, 0.0)
    for i, j in [(0, 0), (2, 1), (4, 2)]:
        moved = weights.copy()
        moved[i, j] += small
        measured = (colours.step(x, y, moved, 0.0)[1] - colours.step(x, y, weights, 0.0)[1]) / small
        assert measured == pytest.approx(slope[i, j], abs=1e-4)
