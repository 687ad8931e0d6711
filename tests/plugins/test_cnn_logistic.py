"""The solver finds what scikit-learn finds, ends where it should, and chooses on held-out photos."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasluz.torchkit.photos.logistic import FOLDS, Linear, Standard, choose, fit, folds


def clouds(classes: int, each: int, *, width: int = 20, apart: float = 1.5, seed: int = 0):
    generator = np.random.default_rng(seed)
    centres = generator.normal(0, apart, (classes, width))
    y = np.repeat(np.arange(classes), each)
    x = centres[y] + generator.normal(0, 2, (len(y), width))
    return x.astype(np.float32), y


@pytest.mark.parametrize(("classes", "c"), [(2, 0.01), (3, 0.1), (7, 0.003), (7, 1.0)])
def test_it_finds_what_scikit_learn_finds(classes: int, c: float) -> None:
    from sklearn.linear_model import LogisticRegression

    x, y = clouds(classes, 60)
    z = Standard(x)(x)
    ours = fit(z, y, classes=classes, c=c)
    theirs = LogisticRegression(C=c if classes > 2 else 2 * c, max_iter=5000, tol=1e-8).fit(z.astype(float), y)
    # Of two classes scikit-learn fits one vector, the difference; so its penalty counts half of ours.
    expected = theirs.coef_ if classes > 2 else np.vstack([-theirs.coef_ / 2, theirs.coef_ / 2])
    apart = ours.weight - ours.weight.mean(axis=0) - (expected - expected.mean(axis=0))
    assert np.abs(apart).max() < 0.01 * np.abs(expected).max()
    odds = np.exp(ours.logits(z))
    assert np.abs(odds / odds.sum(axis=1, keepdims=True) - theirs.predict_proba(z)).max() < 5e-3


def test_where_it_starts_does_not_matter() -> None:
    x, y = clouds(4, 40)
    z = Standard(x)(x)
    generator = np.random.default_rng(3)
    far = Linear(generator.normal(0, 5, (4, z.shape[1])), generator.normal(0, 5, 4))
    cold, warm = fit(z, y, classes=4, c=0.05), fit(z, y, classes=4, c=0.05, start=far)
    assert np.abs(cold.weight - warm.weight).max() < 1e-2


def test_it_goes_down_and_ends_when_told() -> None:
    x, y = clouds(5, 40)
    z = Standard(x)(x)
    values: list[float] = []

    def report(iteration: int, value: float) -> bool:
        assert iteration == len(values) + 1
        values.append(value)
        return iteration == 4

    fit(z, y, classes=5, c=1.0, report=report)
    assert len(values) == 4
    assert values == sorted(values, reverse=True)


def test_means_and_deviations_fold_into_the_weights() -> None:
    x, y = clouds(3, 30)
    x = x * 7 + 100
    x[:, 4] = 5.0  # says nothing, and must not divide by zero
    standard = Standard(x)
    of_z = fit(standard(x), y, classes=3, c=0.1)
    of_x = standard.undo(of_z)
    assert np.isfinite(of_x.weight).all()
    assert np.abs(of_x.logits(x) - of_z.logits(standard(x))).max() < 1e-2
    assert np.abs(of_x.weight[:, 4]).max() == 0


def test_the_choice_is_made_on_held_out_photos() -> None:
    x, y = clouds(3, 200, apart=1.0)
    noise = np.random.default_rng(0).permutation(y)
    clear, lost = choose(x, y, classes=3, seed=0), choose(x, noise, classes=3, seed=0)
    assert clear.accuracy > 0.6
    assert lost.accuracy < 0.45  # shuffled labels cannot be learned; fitted photos would say otherwise
    assert lost.c <= clear.c
    assert choose(x, y, classes=3, seed=0) == clear


def test_single_photos_are_never_held_out() -> None:
    y = np.array([0, 1, 1, 1, 2, 2])
    dealt = folds(y, np.random.default_rng(0))
    assert dealt[0] == -1
    assert set(dealt[1:4]) == set(range(FOLDS))


def test_nothing_to_hold_out_is_no_error() -> None:
    x, y = clouds(3, 1)
    choice = choose(x, y, classes=3, seed=0)
    assert np.isnan(choice.accuracy)
    assert choice.c > 0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=5), st.integers(0, 2**16))
def test_any_small_set_has_an_answer(sizes: list[int], seed: int) -> None:
    generator = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(sizes)), sizes)
    x = generator.normal(0, 1, (len(y), 6)).astype(np.float32)
    choice = choose(x, y, classes=len(sizes), seed=seed)
    standard = Standard(x)
    model = standard.undo(fit(standard(x), y, classes=len(sizes), c=choice.c))
    assert model.weight.shape == (len(sizes), 6)
    assert np.isfinite(model.logits(x)).all()
