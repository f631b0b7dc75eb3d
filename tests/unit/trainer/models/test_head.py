from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from trainer.models.head import Floats, Head, Integers, fit_head, softmax


def blobs(n: int, dim: int, classes: int, seed: int = 0) -> tuple[Floats, Integers]:
    """Overlapping clusters around a common mean, as unit vectors."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    y[:classes] = np.arange(classes)
    x = 2 + rng.normal(size=(classes, dim))[y] + 1.5 * rng.normal(size=(n, dim))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), y


@pytest.mark.parametrize(("n", "dim", "classes"), [(40, 64, 4), (300, 20, 3), (500, 128, 10)])
@pytest.mark.parametrize("balanced", [True, False])
def test_agrees_with_scikit_learn(n: int, dim: int, classes: int, balanced: bool) -> None:
    x, y = blobs(n, dim, classes)
    head = fit_head(x, y, 30.0, balanced)
    reference = LogisticRegression(C=30, class_weight="balanced" if balanced else None, tol=1e-9, max_iter=10_000)
    expected = reference.fit(x.astype(np.float64), y).predict_proba(x.astype(np.float64))
    np.testing.assert_allclose(head.probabilities(x), expected, atol=0.01)


def test_two_classes_agree_with_scikit_learn_at_the_penalty_of_two_opposite_vectors() -> None:
    x, y = blobs(200, 16, 2)
    head = fit_head(x, y, 30.0)
    reference = LogisticRegression(C=60, class_weight="balanced", tol=1e-9, max_iter=10_000)
    np.testing.assert_allclose(head.probabilities(x), reference.fit(x, y).predict_proba(x), atol=0.01)


def test_the_start_does_not_change_the_result() -> None:
    x, y = blobs(300, 30, 5)
    early = fit_head(x[:40], y[:40], 30.0)
    warm, cold = fit_head(x, y, 30.0, start=early), fit_head(x, y, 30.0)
    np.testing.assert_allclose(warm.probabilities(x), cold.probabilities(x), atol=0.01)


def test_the_order_of_labels_does_not_matter() -> None:
    x, y = blobs(200, 30, 4)
    order = np.random.default_rng(1).permutation(200)
    np.testing.assert_allclose(
        fit_head(x, y, 30.0).probabilities(x), fit_head(x[order], y[order], 30.0).probabilities(x), atol=0.005
    )


def test_a_class_that_comes_later_is_learnt_and_numbers_need_not_follow() -> None:
    x, y = blobs(200, 30, 3)
    numbers = np.array([11, 2, 40])[y]
    early = fit_head(x[y != 1], numbers[y != 1], 30.0)
    assert early.classes.tolist() == [11, 40]
    later = fit_head(x, numbers, 30.0, start=early)
    assert later.classes.tolist() == [2, 11, 40]
    assert (later.classes[later.probabilities(x).argmax(axis=1)] == numbers).mean() > 0.9


def test_a_class_that_vanishes_is_forgotten() -> None:
    x, y = blobs(100, 10, 3)
    both = fit_head(x, y, 30.0)
    assert fit_head(x[y != 2], y[y != 2], 30.0, start=both).classes.tolist() == [0, 1]


def test_one_class_is_certain() -> None:
    x, _ = blobs(5, 10, 2)
    head = fit_head(x, np.full(5, 7), 30.0)
    assert head.classes.tolist() == [7]
    assert head.probabilities(x).tolist() == [[1.0]] * 5


def test_another_dimension_starts_afresh() -> None:
    x, y = blobs(50, 10, 3)
    other = fit_head(x[:, :4].copy(), y, 30.0)
    np.testing.assert_allclose(
        fit_head(x, y, 30.0, start=other).probabilities(x), fit_head(x, y, 30.0).probabilities(x), atol=1e-6
    )


def test_balance_lifts_a_rare_class() -> None:
    x, y = blobs(400, 5, 2, seed=3)
    rare = np.concatenate([np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:10]])
    found = [(fit_head(x[rare], y[rare], 30.0, b).probabilities(x)[y == 1, 1] > 0.5).mean() for b in (True, False)]
    assert found[0] > found[1]


def test_loss_is_the_weighted_cross_entropy() -> None:
    x, y = blobs(60, 8, 3)
    head = fit_head(x, y, 30.0, balanced=False)
    assert head.loss == pytest.approx(-np.log(head.probabilities(x)[np.arange(60), y]).mean(), rel=1e-4)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_embeddings_that_are_not_finite_are_refused(bad: float) -> None:
    x, y = blobs(10, 4, 2)
    x[3, 2] = bad
    with pytest.raises(ValueError, match="NaN or infinity"):
        fit_head(x, y, 30.0)


def test_no_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        fit_head(np.empty((0, 4), np.float32), np.empty(0, np.int64), 30.0)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 6), st.integers(1, 5), st.integers(0, 999))
def test_probabilities_sum_to_one_whatever_the_sizes(n: int, dim: int, classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, dim)).astype(np.float32)
    head: Head = fit_head(x, rng.integers(0, classes, n), 30.0)
    np.testing.assert_allclose(head.probabilities(100 * x).sum(axis=1), 1, rtol=1e-4)


def test_softmax_of_huge_logits() -> None:
    assert softmax(np.array([[1e30, 0], [-1e30, 0]], np.float32)).tolist() == [[1, 0], [0, 1]]


def test_a_fit_that_is_cut_short_goes_on_from_there() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 8)).astype(np.float32)
    y = rng.integers(0, 3, 60)
    whole = fit_head(x, y, 30.0)
    losses, head = [], None
    for _ in range(40):
        head = fit_head(x, y, 30.0, start=head, steps=3)
        losses.append(head.loss)
    assert losses[0] > whole.loss + 1e-3
    assert losses[-1] == pytest.approx(whole.loss, abs=1e-3)
