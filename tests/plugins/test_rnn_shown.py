"""What learning makes of lines and recordings can be seen, by the code of learning itself."""

import numpy as np
import pytest

from sequence_rnn.family import SequenceRnn
from sequence_rnn.ink import columns_for, varied
from sequence_rnn.tasks.handwriting import LineFront
from trasluz.api import Kind, Record, Sample
from trasluz.api.spectrogram import BANDS


def drawn(*words: int) -> np.random.Generator:
    return np.random.default_rng(words)


def test_lines_are_shown_as_another_hand_might_have_written_them() -> None:
    family = SequenceRnn().for_kind(Kind.HANDWRITING)
    chance = drawn(0)
    lines = [chance.integers(0, 255, (50, width)).astype(np.uint8) for width in (300, 420)]
    samples = [Sample(Record(path="a", target="abcdef"), {"line": line}) for line in lines]
    config = family.config(augmentation=0.7)
    found = family.varied(samples, config, [drawn(1), drawn(2)])
    assert found is not None
    again = family.varied(samples, config, [drawn(1), drawn(2)])
    assert all((a == b).all() for a, b in zip(found, again, strict=True))
    front = LineFront()
    scale = columns_for([300 / 50, 420 / 50], [6, 6])
    kept = front.prepared(samples[0], {"columns": scale})
    assert (found[0][:, :, 0] == varied(kept, 0.7, drawn(1))).all()
    plain = family.varied(samples, family.config(augmentation=0), [drawn(1), drawn(2)])
    assert (plain[0][:, :, 1] == kept).all()


@pytest.mark.parametrize("directions", ["both", "one"])
@pytest.mark.parametrize("kind", [Kind.SOUND_CLASSES, Kind.SPEECH])
def test_recordings_are_shown_as_spectrograms_with_what_is_silenced(kind: str, directions: str) -> None:
    family = SequenceRnn().for_kind(kind)
    sound = (0.2 * drawn(0).normal(size=8_000)).astype(np.float32)
    sample = Sample(Record(path="a", target="a"), {"waveform": sound, "rate": np.array(8_000)})
    config = family.config(augmentation=1.0, directions=directions)
    (found,) = family.varied([sample], config, [drawn(3)])
    assert found.dtype == np.uint8
    assert (found.shape[0], found.shape[2]) == (BANDS, 3)
    silenced = (found[:, :, 0] == 128).all(axis=1).mean() + (found[:, :, 0] == 128).all(axis=0).mean()
    assert silenced > 0.05
    assert (family.varied([sample], config, [drawn(3)])[0] == found).all()


@pytest.mark.parametrize("kind", [Kind.SERIES_CLASSES, Kind.SERIES_STEPS])
def test_series_are_drawn_with_what_is_hidden(kind: str) -> None:
    family = SequenceRnn().for_kind(kind)
    series = np.cumsum(drawn(0).normal(size=(70, 2)), axis=0).astype(np.float32)
    series[10:20, 1] = np.nan
    sample = Sample(Record(path="a", target="a"), {"series": series})
    altered = [family.varied([sample], family.config(augmentation=1.0), [drawn(n)])[0] for n in (3, 3, 4)]
    assert altered[0] == altered[1] != altered[2]
    assert len(altered[0]) == 2
    (plain,) = family.varied([sample], family.config(augmentation=0), [drawn(3)])
    known = np.array(plain[0].values, float)
    assert np.allclose(known, (series[:, 0] - series[:, 0].min()) / np.ptp(series[:, 0]), atol=1e-3)
    assert [value is None for value in plain[1].values] == [10 <= step < 20 for step in range(70)]


def test_what_is_not_shown_says_so() -> None:
    from trasluz.api import ModelFamily

    shown = {kind: type(SequenceRnn().for_kind(kind)).varied is not ModelFamily.varied for kind in SequenceRnn.kinds}
    assert {kind for kind, is_shown in shown.items() if is_shown} == {
        "handwriting",
        "speech",
        "sound-classes",
        "series-classes",
        "series-steps",
    }
