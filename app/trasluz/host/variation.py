"""Pictures of what a training learns from: the person's own items, altered by the family's own code."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from trasluz.api import DataError, PreviewLine, Record, Sample
from trasluz.api.spectrogram import drawn, rate_for
from trasluz.core.data.sounds import resampled
from trasluz.core.plugins.registry import Registry

from .series_items import lines_of
from .troubles import check_settings

_PLAIN = 160
"""The side of the pictures of photos as they are."""
_LOW = 80
"""Rows of the picture of a line as it is."""


def varied(
    registry: Registry,
    family_id: str,
    settings: Mapping[str, Any],
    index_path: Path,
    *,
    items: Sequence[Mapping[str, Any]] | None,
    seed: int,
    count: int,
) -> list[dict[str, Any]]:
    """Alter `items`, as a run told them (`Sampled`), or `count` others that `seed` draws; empty where none is altered.

    An item that cannot be read, or is no longer the one that was told, is left out.
    """
    from trasluz.core.data.index import Index

    family = registry.family(family_id)
    with closing(Index.open(index_path, registry.sources)) as index:
        family = family.for_kind(index.kind)
        config = check_settings(family.config, dict(settings), title=family.title)
        records = index.records("train")
        if items is None:
            choice = np.random.default_rng(seed).permutation(len(records))[: 2 * count]
            told = [(records[int(n)], (seed, int(n))) for n in choice]
        else:
            inside = [item for item in items if 0 <= int(item["number"]) < len(records)]
            pairs = [(records[int(item["number"])], item) for item in inside]
            told = [(record, tuple(item["draw"])) for record, item in pairs if record.path == item["path"]]
        chosen: list[tuple[Record, Sample, tuple[int, ...]]] = []
        for record, words in told:
            try:
                chosen.append((record, index.read(record), words))
            except DataError:
                continue
            if len(chosen) == count:
                break
    # The generator of `torchkit.seed.generator`, without torch.
    draws = [np.random.Generator(np.random.PCG64(np.random.SeedSequence(words))) for _, _, words in chosen]
    pictures = family.varied([sample for _, sample, _ in chosen], config, draws) if chosen else None
    if pictures is None:
        return []
    return [
        {"path": record.path, "target": record.target, **_both(sample, picture)}
        for (record, sample, _), picture in zip(chosen, pictures, strict=True)
    ]


def _both(sample: Sample, altered: "np.ndarray | Sequence[PreviewLine]") -> dict[str, Any]:
    """An item altered and as it is: `varied` and `plain`, or `varied_lines` and `plain_lines` of a drawing."""
    if isinstance(altered, np.ndarray):
        return {"varied": np.ascontiguousarray(altered), "plain": _plain(sample, altered)}
    return {
        "varied_lines": [line.model_dump(mode="json") for line in altered],
        "plain_lines": [{"values": line} for line in lines_of(sample)[: len(altered)]],
    }


def _plain(sample: Sample, varied: np.ndarray) -> np.ndarray:
    """An item as it is, small, (H, W, 3) uint8: the middle square of a photo, all of a line or of a spectrogram."""
    from PIL import Image

    if "line" in sample.inputs:
        return _low(np.repeat(sample.array("line")[:, :, None], 3, axis=2))
    if "waveform" in sample.inputs and varied.shape[0] != varied.shape[1]:
        rate = int(sample.array("rate"))
        wanted = rate_for([rate])
        return drawn(resampled(sample.array("waveform"), rate, wanted), wanted)
    image = sample.inputs.get("image")
    if not isinstance(image, np.ndarray):
        return np.full((_PLAIN, _PLAIN, 3), 127, np.uint8)
    height, width = image.shape[:2]
    side = min(height, width)
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side)
    small = Image.fromarray(image).resize((_PLAIN, _PLAIN), Image.Resampling.BILINEAR, box=box, reducing_gap=3.0)
    return np.array(small)


def _low(line: np.ndarray) -> np.ndarray:
    """A line of no more than so many rows."""
    from PIL import Image

    height, width = line.shape[:2]
    if height <= _LOW:
        return np.ascontiguousarray(line)
    small = Image.fromarray(line).resize((max(1, round(width * _LOW / height)), _LOW), Image.Resampling.BILINEAR)
    return np.array(small)
