"""Altered photos: any photo, the same by the same draw, nothing at zero, mixed in the proportion of their labels."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from finetuned_cnn.config import FinetunedCnnConfig
from trasluz.torchkit.photos import mixing
from trasluz.torchkit.photos.augment import Variation, shrunk
from trasluz.torchkit.photos.randaugment import ALTERATIONS, randaugment


@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    vary=st.builds(
        Variation,
        size=st.just(32),
        strength=st.floats(0, 1),
        mirror=st.booleans(),
        policy=st.sampled_from(["everyday", "randaugment"]),
        erasing=st.sampled_from([0.0, 1.0]),
    ),
    seed=st.integers(0, 99),
)
def test_any_photo_can_be_varied_and_the_seed_says_how(height: int, width: int, vary: Variation, seed: int) -> None:
    photo = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    kept = photo.copy()
    one, two = (vary(photo, np.random.default_rng(seed)) for _ in range(2))
    assert one.shape == (32, 32, 3)
    assert one.dtype == np.uint8
    assert np.array_equal(one, two)
    assert np.array_equal(photo, kept), "photos are shared between passes and must not be written to"


def test_without_strength_the_middle_square_comes_out() -> None:
    photo = np.zeros((40, 100, 3), np.uint8)
    photo[:, 30:70] = (200, 100, 50)
    out = Variation(20, 0.0, False, "randaugment")(photo, np.random.default_rng(0))
    assert np.array_equal(out, Variation(20, 0.0, False)(photo, np.random.default_rng(1)))
    # At the very edge the filter sees a pixel of what lies beside the square.
    assert (out[1:-1, 1:-1] == (200, 100, 50)).all()
    assert (out[..., 0] > 150).all()


def test_mirroring_happens_half_of_the_time_and_only_where_it_may() -> None:
    photo = np.zeros((40, 40, 3), np.uint8)
    photo[:, :20] = 255
    left = [
        [bool(Variation(8, 0.0, mirror)(photo, np.random.default_rng(seed))[0, 0, 0]) for seed in range(40)]
        for mirror in (False, True)
    ]
    assert all(left[0])
    assert 10 < sum(left[1]) < 30


def test_large_photos_are_kept_small_and_small_ones_as_they_are() -> None:
    assert shrunk(np.zeros((600, 900, 3), np.uint8), 256).shape == (256, 384, 3)
    assert shrunk(np.zeros((4000, 10, 3), np.uint8), 256).shape == (4000, 10, 3)
    photo = np.zeros((256, 300, 3), np.uint8)
    assert shrunk(photo, 256) is photo


def test_the_settings_say_how_photos_are_varied() -> None:
    config = FinetunedCnnConfig(augmentation=0.3, mirror=False, policy="randaugment", erasing=0.25)
    assert Variation.from_config(config, 96) == Variation(96, 0.3, False, "randaugment", 0.25)


def picture(side: int = 48) -> np.ndarray:
    """Of many levels and no symmetry."""
    draw = np.random.default_rng(5)
    coarse = Image.fromarray(draw.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    return np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("number", range(len(ALTERATIONS)))
def test_each_of_the_fourteen_alters_the_photo_and_those_with_a_strength_do_nothing_at_zero(number: int) -> None:
    image = Image.fromarray(picture())
    none, half, full = (np.asarray(ALTERATIONS[number](image, strength)) for strength in (0.0, 0.5, -1.0))
    assert none.shape == half.shape == full.shape == (48, 48, 3)
    how_far = [np.abs(each.astype(int) - picture()).mean() for each in (none, half, full)]
    assert (how_far[0] == 0) == (number not in (1, 2)), "evening out is all or nothing"
    assert how_far == [0, 0, 0] if number == 0 else min(how_far[1:]) > 0.1


def test_randaugment_draws_all_of_them_and_does_as_it_is_drawn() -> None:
    image = Image.fromarray(picture())
    found = {randaugment(image, 0.6, np.random.default_rng(seed)).tobytes() for seed in range(300)}
    again = randaugment(image, 0.6, np.random.default_rng(4)).tobytes()
    assert randaugment(image, 0.6, np.random.default_rng(4)).tobytes() == again
    assert len(found) > 100, "fourteen by fourteen, some of them in two directions"


def test_erasing_covers_a_rectangle_as_often_as_asked() -> None:
    photo = np.full((64, 64, 3), 200, np.uint8)
    shares = []
    for seed in range(200):
        changed = (Variation(64, 0.0, False, erasing=0.5)(photo, np.random.default_rng(seed)) != 200).any(axis=2)
        if changed.any():
            rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
            box = changed[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            assert box.mean() > 0.9, "one rectangle, all of it"
            shares.append(changed.mean())
    assert 70 < len(shares) < 130
    assert 0.01 < min(shares) < max(shares) < 0.4


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
@given(seed=st.integers(0, 999), count=st.integers(2, 5))
def test_mixed_photos_have_their_labels_in_the_proportion_of_their_light(
    kind: Literal["mixup", "cutmix"], seed: int, count: int
) -> None:
    draw = np.random.default_rng(seed)
    brightness = draw.permutation(np.arange(count) * 60).astype(np.uint8)
    photos = np.broadcast_to(brightness[:, None, None, None], (count, 40, 40, 3)).copy()
    before = photos.copy()
    draws = np.stack([mixing.drawn(kind, draw) for _ in range(count)])
    out, shares = mixing.mixed(kind, photos, draws)
    assert out.dtype == np.uint8
    assert np.array_equal(photos, before)
    assert ((shares >= 0.45) & (shares <= 1)).all(), "a photo stays the one that counts, to a pixel's rounding"
    targets = draw.permutation(count)
    soft = mixing.soft_targets(targets, shares, count)
    assert soft.sum(axis=1) == pytest.approx(np.ones(count), abs=1e-6)
    assert soft.argmax(axis=1)[shares > 0.5].tolist() == targets[shares > 0.5].tolist()
    light = np.zeros(count)  # of the photo of each label
    light[targets] = brightness
    assert out.mean(axis=(1, 2, 3)) == pytest.approx(soft @ light, abs=0.6)


def test_unmixed_photos_stay_as_they_are() -> None:
    photos = np.stack([picture(), picture()[::-1]])
    for kind, some in (("none", photos), ("mixup", photos[:1])):
        draws = np.stack([mixing.drawn(kind, np.random.default_rng(0)) for _ in some])  # type: ignore[arg-type]
        out, shares = mixing.mixed(kind, some, draws)  # type: ignore[arg-type]
        assert np.array_equal(out, some)
        assert (shares == 1).all()
    same = mixing.soft_targets(np.array([1, 1]), np.array([0.7, 0.6]), 3)
    assert same == pytest.approx(np.array([[0, 1, 0], [0, 1, 0]]))
