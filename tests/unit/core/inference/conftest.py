"""A dataset of three colours, and a model of them that is finished as every model is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inference_colours import LABELS, WEIGHTS, ColourFamily, reference, write_graph
from PIL import Image

from trasluz.api import ModelCard, TrainConfig, Trained
from trasluz.core.data.index import Index
from trasluz.core.data.readers import builtin_sources
from trasluz.core.inference.finish import finish
from trasluz.core.inference.model import OpenModel


@pytest.fixture
def family() -> ColourFamily:
    return ColourFamily()


@pytest.fixture
def dataset(tmp_path: Path) -> Index:
    """Thirty photos of three colours, of which one blue is green and one file is broken after indexing."""
    root = tmp_path / "colours"
    rng = np.random.default_rng(3)
    for split, count in (("train", 4), ("val", 6)):
        for at, label in enumerate(LABELS):
            folder = root / split / label
            folder.mkdir(parents=True)
            for i in range(count):
                pixels = rng.integers(0, 90, (int(rng.integers(8, 40)), int(rng.integers(8, 40)), 3), np.uint8)
                channel = 1 if (split, label, i) == ("val", "blue", 0) else 2 - at
                pixels[..., channel] += 150
                Image.fromarray(pixels).save(folder / f"{i}.png")
    return Index.build(root, tmp_path / "index.sqlite", builtin_sources())


@pytest.fixture
def make(family: ColourFamily, dataset: Index, tmp_path: Path) -> Callable[..., Any]:
    """Finish a model: `make(weights=…, reference=…)` gives (folder, card, judgement)."""

    def made(**changes: Any) -> tuple[Path, ModelCard, Any]:
        folder = tmp_path / "model"
        folder.mkdir(exist_ok=True)
        write_graph(folder / "main.onnx", changes.pop("weights", WEIGHTS))
        given: dict[str, Any] = {
            "title": "Three colours",
            "graphs": {"main": "main.onnx"},
            "reference": reference,
            "labels": LABELS,
        }
        trained = Trained(**given | changes)
        card, judgement = finish(
            trained, family=family, dataset=dataset, folder=folder, config=TrainConfig(seed=7), run_id="a-run"
        )
        return folder, card, judgement

    return made


@pytest.fixture
def opened(make: Callable[..., Any], family: ColourFamily) -> OpenModel:
    return OpenModel(make()[0], family, "cpu")
