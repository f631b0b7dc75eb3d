from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from tests.unit.trainer.models.test_head import blobs
from trainer.models.head import Floats, Integers, fit_head, softmax
from trainer.uncertainty.temperature import (
    HIGHEST,
    LOWEST,
    PRIOR,
    best_temperature,
    cross_validated_temperature,
    held_out,
    in_their_span,
)


def nll(probs: Floats, y: Integers) -> float:
    return float(-np.log(probs[np.arange(len(y)), y]).mean())


def rows(*parts: int, n: int) -> np.ndarray:
    return np.isin(np.arange(n), parts)


def test_the_best_temperature_is_that_of_a_fine_grid() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 60)
    logits = (3 * rng.normal(size=(60, 4)) + 2 * np.eye(4)[y]).astype(np.float32)
    grid = np.geomspace(LOWEST, HIGHEST, 4000)
    losses = [
        60 * log_loss(y, softmax(logits.astype(np.float64) / t), labels=range(4)) + np.log(t) ** 2 / (2 * PRIOR**2)
        for t in grid
    ]
    assert best_temperature([(logits[:25], y[:25]), (logits[25:], y[25:])]) == pytest.approx(
        grid[np.argmin(losses)], rel=5e-3
    )


def test_few_labels_all_right_do_not_send_it_to_zero() -> None:
    logits, y = 3 * np.eye(5, dtype=np.float32), np.arange(5)
    assert 0.3 < best_temperature([(logits, y)]) < 1


def test_it_stays_in_its_bounds() -> None:
    y = np.arange(2000) % 2
    right = 0.3 * np.eye(2, dtype=np.float32)[y]
    assert best_temperature([(right, y)]) == pytest.approx(LOWEST, rel=0.01)
    assert best_temperature([(-right, y)]) == pytest.approx(HIGHEST, rel=0.01)


@pytest.mark.parametrize("y", [[0], [3, 3, 3], [0, 1, 2], [0, 1]], ids=["one", "one class", "singles", "two"])
def test_where_nothing_can_be_held_out_it_is_1(y: list[int]) -> None:
    x, _ = blobs(len(y), 6, 1)
    assert cross_validated_temperature(x, np.array(y), 30.0, True) == pytest.approx(1, abs=0.01)


def test_held_out_logits_are_those_of_scikit_learn_on_the_other_rows() -> None:
    x, y = blobs(80, 12, 3)
    fold = rows(*range(20), n=80)
    logits, codes = held_out(x, y, fold, 30.0, False)
    reference = LogisticRegression(C=30, tol=1e-9, max_iter=10_000).fit(x[20:].astype(np.float64), y[20:])
    assert codes.tolist() == y[:20].tolist()
    np.testing.assert_allclose(softmax(logits), reference.predict_proba(x[:20]), atol=0.01)


def test_a_class_with_no_label_elsewhere_is_not_held_out() -> None:
    x, y = blobs(30, 6, 3)
    y[y == 2] = 1
    y[4] = 9
    logits, codes = held_out(x, y, rows(3, 4, 5, n=30), 30.0, True)
    assert logits.shape == (2, 2)
    assert codes.tolist() == y[[3, 5]].tolist()


def test_in_their_span_a_head_predicts_the_same() -> None:
    x, y = blobs(30, 90, 3)
    small = in_their_span(x)
    assert small.shape == (30, 30)
    np.testing.assert_allclose(small @ small.T, x @ x.T, atol=1e-4)
    np.testing.assert_allclose(
        fit_head(small[:20], y[:20], 30.0).probabilities(small[20:]),
        fit_head(x[:20], y[:20], 30.0).probabilities(x[20:]),
        atol=0.01,
    )


def test_the_start_does_not_change_it() -> None:
    x, y = blobs(300, 20, 4)
    start = fit_head(x, y, 30.0)
    cold, warm = (cross_validated_temperature(x, y, 30.0, True, head) for head in (None, start))
    assert warm == pytest.approx(cold, rel=0.03)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 5), st.integers(2, 100), st.integers(0, 99))
def test_it_is_always_a_number_within_bounds(n: int, classes: int, dim: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, dim)).astype(np.float32)
    found = cross_validated_temperature(x, rng.integers(0, classes, n), 30.0, True)
    assert LOWEST <= found <= HIGHEST


def test_it_makes_an_underconfident_head_better() -> None:
    """Strong regularisation: clear classes, timid probabilities."""
    x, y = blobs(400, 30, 3, seed=1)
    head = fit_head(x[:60], y[:60], 1.0)
    found = cross_validated_temperature(x[:60], y[:60], 1.0, True)
    before, after = (nll(head.probabilities(x[60:], t), y[60:]) for t in (1.0, found))
    assert found < 1
    assert after < before


@pytest.mark.parametrize("dim", [4, 100])
def test_embeddings_that_are_not_finite_are_refused(dim: int) -> None:
    x, y = blobs(12, dim, 2)
    x[3, 2] = np.nan
    with pytest.raises(ValueError, match=r"NaN|infs"):
        cross_validated_temperature(x, y, 30.0, True)
