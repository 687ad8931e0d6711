"""A family of photos speaks of recordings where it learns them: in its settings, its advice, its views."""

import json
import re
import wave
from pathlib import Path

import numpy as np
import pytest

from finetuned_cnn.advice import placed
from finetuned_cnn.config import FinetunedCnnConfig, SpectrogramConfig
from finetuned_cnn.family import FinetunedCnn
from trasluz.api import Kind, Samples, view_from_json
from trasluz.api.advice import Advice
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.request import RunRequest
from trasluz.host.run import execute_run
from trasluz.host.service import Service
from trasluz.torchkit.photos.said_of_sounds import of_recordings, of_spectrograms, worded
from vision_transformer.config import SpectrogramVitConfig
from vision_transformer.family import VisionTransformerFamily

PHOTO = re.compile(r"\b[Pp]hotos?\b")


def test_of_recordings_it_speaks_as_of_recordings() -> None:
    assert of_recordings("Photos, a photo; no photograph.") == "Recordings, a recording; no photograph."
    assert of_recordings("A class “photo” among the photos.") == "A class “photo” among the recordings."
    assert of_spectrograms("Heat over the photo, of photos.") == "Heat over the spectrogram, of recordings."


def test_the_settings_of_both_families_speak_of_recordings() -> None:
    said = SpectrogramConfig.model_json_schema()["properties"]
    assert "each recording once" in said["epochs"]["description"]
    assert "unlike everyday photos" in str(said["strategy"])
    assert said["backbone"]["default"] == FinetunedCnnConfig.model_json_schema()["properties"]["backbone"]["default"]
    said = SpectrogramVitConfig.model_json_schema()["properties"]
    assert "each recording" in said["epochs"]["description"]
    assert "142 million photos" in str(said["backbone"])
    assert "spectrogram" in said["resolution"]["description"]


def test_every_view_of_both_families_is_named_for_recordings() -> None:
    for family in (FinetunedCnn(), VisionTransformerFamily()):
        own, heard = family.explainers(), family.for_kind(Kind.SOUND_CLASSES).explainers()
        assert [e.id for e in heard] == [e.id for e in own]
        assert any(PHOTO.search(e.sentence) for e in own)
        assert not [e.sentence for e in heard if PHOTO.search(e.title + e.sentence)]


def test_the_words_of_advice_change_and_nothing_else() -> None:
    from collections import Counter

    advice = placed(Counter({"photo": 9, "rain": 9}), 0.5, photos=18)
    table = worded(advice.table, of_recordings)
    assert table.place == advice.table.place
    assert (table.down.unit, table.down.low) == ("sounds", "few sounds")
    assert "“photo”, has 9" in table.down.sentence
    assert [cell.title for cell in table.cells] == [cell.title for cell in advice.table.cells]
    assert not PHOTO.search(table.caption)


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """High and low tones, eight of each: one is left for the test of what is shown."""
    draw, time = np.random.default_rng(0), np.arange(8000) / 16000
    for label, hertz in (("high", 2400), ("low", 300)):
        for number in range(8):
            wave_ = 0.5 * np.sin(2 * np.pi * hertz * draw.uniform(0.9, 1.1) * time) + draw.normal(0, 0.02, len(time))
            folder = tmp_path / "sounds" / ("val" if number > 5 else "train") / label
            folder.mkdir(parents=True, exist_ok=True)
            with wave.open(str(folder / f"{number}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(16000)
                file.writeframes((wave_.clip(-1, 1) * 32767).astype("<i2").tobytes())
    return tmp_path / "sounds"


def test_a_model_of_sounds_never_says_photo(sounds: Path, tmp_path: Path) -> None:
    request = RunRequest.new(family=FinetunedCnn.id, data=str(sounds), settings={"strategy": "auto"}, device="cpu")
    run = RunFolder.create(tmp_path / "run", request)
    assert execute_run(run.path) == 0, run.last_events()
    said = [event.sentence for event in run.last_events() if hasattr(event, "sentence")]
    card = json.loads((run.model_folder / "card.json").read_text(encoding="utf-8"))
    table = Advice.from_json(card["extra"]["advice"])
    assert "recordings in the middle class" in table.sentence
    assert not [s for s in [*said, card["extra"]["why"], table.table.caption] if PHOTO.search(s)]

    service = Service()
    views = {view["id"]: view for view in service.views(str(run.model_folder))}
    assert not [v["sentence"] for v in views.values() if PHOTO.search(v["title"] + v["sentence"])]
    given = str(next((sounds / "val" / "low").iterdir()))
    nearest = view_from_json(service.explain(model=str(run.model_folder), input=given, view="nearest-photos")["view"])
    assert isinstance(nearest, Samples)
    assert [item.label for item in nearest.items[:6]] == ["low"] * 6
    assert all(item.image is not None and item.image.shape == (224, 224, 3) for item in nearest.items)
    assert "nearest recordings are of “low”" in nearest.caption
