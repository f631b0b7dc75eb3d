from __future__ import annotations

import numpy as np
import pytest

from tests.unit.trainer.strategies.test_parts import unit
from trainer.strategies.base import Floats
from trainer.strategies.clusters import cluster_of, k_means, plus_plus, projected


def blobs(seed: int, clusters: int, each: int, dim: int) -> Floats:
    noise = np.random.default_rng(seed).normal(size=(clusters * each, dim)).astype(np.float32)
    return unit(seed, clusters, dim).repeat(each, axis=0) + 0.02 * noise


def test_separate_clusters_are_found() -> None:
    clusters, centres = k_means(blobs(0, 5, 30, 12), 5, np.random.default_rng(0))
    assert [len(set(part)) for part in clusters.reshape(5, 30).tolist()] == [1] * 5
    np.testing.assert_allclose(centres[clusters[::30]], unit(0, 5, 12), atol=0.05)


def test_centres_are_means_and_each_row_belongs_to_the_nearest() -> None:
    x = unit(0, 60, 3)
    clusters, centres = k_means(x, 6, np.random.default_rng(0))
    distances = np.linalg.norm(x[:, None] - centres, axis=2)
    assert clusters.tolist() == distances.argmin(axis=1).tolist()
    for cluster in range(6):
        np.testing.assert_allclose(centres[cluster], x[clusters == cluster].mean(axis=0), atol=1e-5)
    assert cluster_of(x[:0], centres).tolist() == []


def test_more_clusters_than_distinct_rows() -> None:
    clusters, centres = k_means(np.ones((7, 3), np.float32), 4, np.random.default_rng(0))
    assert len(clusters) == 7
    assert len(centres) == 4
    assert np.isfinite(centres).all()


def test_a_draw_is_in_proportion_to_the_squared_distance() -> None:
    squares = np.array([[0, 1, 3, 6]], np.float32)
    drawn = [plus_plus(lambda _: squares[0], squares[0], 0, 1, np.random.default_rng(s))[0] for s in range(3000)]
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 3000, [0, 0.1, 0.3, 0.6], atol=0.03)


def test_points_without_any_distance_are_drawn_all_the_same() -> None:
    nothing = np.zeros(6, np.float32)
    assert sorted(plus_plus(lambda _: nothing, nothing, 0, 9, np.random.default_rng(0))) == list(range(6))


def test_a_projection_keeps_distances() -> None:
    x = unit(0, 20, 1000)
    small = projected(x, np.random.default_rng(0))
    ratio = np.linalg.norm(small[1:] - small[0], axis=1) / np.linalg.norm(x[1:] - x[0], axis=1)
    assert small.shape == (20, 256)
    assert ratio == pytest.approx(1, abs=0.2)
    assert projected(x[:, :100], np.random.default_rng(0)) is not None
    np.testing.assert_array_equal(projected(x[:, :100], np.random.default_rng(0)), x[:, :100])
