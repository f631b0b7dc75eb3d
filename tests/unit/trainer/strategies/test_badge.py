from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trainer.strategies.test_parts import unit
from trainer.models.head import Head
from trainer.strategies import Query, select
from trainer.strategies.badge import badge, residuals, squared_distances
from trainer.strategies.base import Floats


def gradients(probs: Floats, x: Floats) -> Floats:
    """The C·D vectors that the strategy never makes."""
    residual = probs - np.eye(probs.shape[1])[probs.argmax(axis=1)]
    return np.stack([np.outer(a, phi).ravel() for a, phi in zip(residual, x, strict=True)])


@given(seed=st.integers(0, 10_000), classes=st.integers(2, 6))
def test_factored_distances_are_those_of_the_explicit_vectors(seed: int, classes: int) -> None:
    probs = np.random.default_rng(seed).dirichlet(np.ones(classes), 12).astype(np.float32)
    x = unit(seed, 12, 5)
    residual = residuals(probs)
    found = squared_distances(residual, x, (residual**2).sum(axis=1), residual[3], x[3])
    explicit = gradients(probs, x)
    np.testing.assert_allclose(found, ((explicit - explicit[3]) ** 2).sum(axis=1), atol=1e-5)


def test_the_longest_gradient_comes_first_and_equal_ones_last() -> None:
    rng = np.random.default_rng(0)
    x = unit(0, 30, 8)
    x[20:] = x[20]
    probs = rng.dirichlet(np.ones(3), 30).astype(np.float32)
    probs[20:] = probs[20]
    chosen = select(badge, Query(20, probs, x, x[:0], rng)).positions
    assert chosen[0] == np.argmax((gradients(probs, x) ** 2).sum(axis=1))
    assert len(set(chosen.tolist()) & set(range(20, 30))) == 1


def test_the_gradient_of_an_asked_image_counts_as_chosen() -> None:
    """Of two directions in which the model is equally uncertain, the one that nobody is looking at."""
    x = np.array([[1, 0, 0], [0, 1, 0]], np.float32).repeat(10, axis=0)
    head = Head(np.arange(2), np.zeros((2, 3), np.float32), np.zeros(2, np.float32), 0.0)
    asked = np.array([[0.97, 0, 0.2431]], np.float32)

    def first(seed: int) -> int:
        query = Query(1, head.probabilities(x), x, x[:0], np.random.default_rng(seed), asked=asked, head=head)
        return int(select(badge, query).positions[0]) // 10

    assert sum(first(seed) for seed in range(100)) > 85


def test_one_class_is_spread_over_the_pool() -> None:
    assert residuals(np.ones((4, 1), np.float32)).tolist() == [[1]] * 4
    assert residuals(np.empty((4, 0), np.float32)).tolist() == [[1]] * 4
