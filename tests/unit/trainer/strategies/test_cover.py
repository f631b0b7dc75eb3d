from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.strategies import STRATEGIES, Query, select
from trainer.strategies.base import Floats, Integers
from trainer.strategies.cover import coverage, gaussian, greedy_cover, kernel_width


def unit(rng: np.random.Generator, n: int, dim: int) -> Floats:
    x = rng.normal(size=(n, dim)).astype(np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def plain_greedy(kernel: Floats, covered: Floats, weights: Floats, count: int) -> Integers:
    """The definition, without any shortcut."""
    covered = covered.copy()
    left = list(range(len(kernel)))
    order = []
    while left and len(order) < count:
        gains = [float((weights * np.maximum(0, kernel[i] - covered)).sum()) for i in left]
        best = left[int(np.argmax(gains))]
        left.remove(best)
        order.append(best)
        covered = np.maximum(covered, kernel[best])
    return np.array(order)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), weighted=st.booleans())
def test_the_lazy_greedy_step_equals_the_plain_one(seed: int, weighted: bool) -> None:
    rng = np.random.default_rng(seed)
    kernel = rng.random((25, 40)).astype(np.float32)
    covered = (rng.random(40) * 0.3).astype(np.float32)
    weights = rng.random(40).astype(np.float32) if weighted else np.ones(40, np.float32)
    order, gains = greedy_cover(kernel, covered, weights, 12)
    assert order.tolist() == plain_greedy(kernel, covered, weights, 12).tolist()
    assert (np.diff(gains) <= 1e-4).all()


def test_kernel_against_its_definition() -> None:
    rng = np.random.default_rng(0)
    a, b = unit(rng, 5, 7), unit(rng, 6, 7)
    expected = np.exp(-((a[:, None] - b[None]) ** 2).sum(axis=2) / (2 * 0.6**2))
    np.testing.assert_allclose(gaussian(a, b, 0.6), expected, rtol=1e-4)


def test_coverage_is_the_largest_kernel_value_and_needs_no_labels() -> None:
    rng = np.random.default_rng(0)
    landmarks, labelled = unit(rng, 9, 4), unit(rng, 5, 4)
    np.testing.assert_allclose(
        coverage(landmarks, labelled, 0.5, block=2), gaussian(labelled, landmarks, 0.5).max(axis=0), rtol=1e-6
    )
    assert not coverage(landmarks, labelled[:0], 0.5).any()


def test_every_cluster_is_visited_before_any_twice() -> None:
    rng = np.random.default_rng(3)
    centres = unit(rng, 6, 32)
    x = np.repeat(centres, 50, axis=0) + 0.02 * rng.normal(size=(300, 32)).astype(np.float32)
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    query = Query(6, np.empty((300, 0), np.float32), x, x[:0], rng)
    assert set(select(STRATEGIES["herding"], query).positions // 50) == set(range(6))


def test_what_is_labelled_is_covered_already() -> None:
    rng = np.random.default_rng(3)
    centres = unit(rng, 4, 32)
    x = np.repeat(centres, 50, axis=0) + 0.02 * rng.normal(size=(200, 32)).astype(np.float32)
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    query = Query(1, np.empty((200, 0), np.float32), x, x[:150:50], rng)
    assert select(STRATEGIES["herding"], query).positions[0] // 50 == 3


def test_a_pool_of_copies_has_a_width() -> None:
    assert kernel_width(np.ones((5, 3), np.float32)) == pytest.approx(0, abs=1e-4)
    assert kernel_width(np.ones((5, 3), np.float32)) > 0
