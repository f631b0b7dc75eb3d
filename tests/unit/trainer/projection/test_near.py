from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from trainer.projection.near import NEAREST, place_near, spread


def still(_share: float) -> None:
    pass


@settings(max_examples=25, deadline=None)
@given(anchors=st.integers(NEAREST, 40), count=st.integers(1, 30), seed=st.integers(0, 1000))
def test_each_image_lies_where_a_plain_computation_puts_it(anchors: int, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    known, places = rng.normal(size=(anchors, 6)), rng.normal(size=(anchors, 2))
    codes = rng.normal(size=(count, 6))
    distances, near = NearestNeighbors(n_neighbors=NEAREST).fit(known).kneighbors(codes)
    width = np.median(NearestNeighbors(n_neighbors=NEAREST).fit(places).kneighbors(places)[0][:, -1])
    expected = []
    for d, rows in zip(distances, near, strict=True):
        weights = np.exp(-(d**2 - d[0] ** 2) / (np.median(d**2) - d[0] ** 2))
        kernels = [np.exp(-((places[rows] - spot) ** 2).sum(axis=1) / width**2) * weights for spot in places[rows]]
        best = kernels[int(np.argmax([kernel.sum() for kernel in kernels]))]
        expected.append((places[rows] * best[:, None]).sum(axis=0) / best.sum())
    found = place_near(codes.astype(np.float32), known.astype(np.float32), places.astype(np.float32), still)
    assert np.isclose(found, expected, atol=1e-3).all(axis=1).mean() > 0.9  # of equals another may be the densest


def test_the_spread_is_that_of_scikit_learns_neighbours() -> None:
    places = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    expected = np.median(NearestNeighbors(n_neighbors=NEAREST).fit(places).kneighbors(places)[0][:, -1])
    assert spread(places, NEAREST) == pytest.approx(expected, rel=1e-5)


def test_an_image_between_two_heaps_lies_in_one_of_them() -> None:
    rng = np.random.default_rng(0)
    known = np.concatenate([rng.normal(0, 1, (100, 5)), rng.normal(1, 1, (100, 5))]).astype(np.float32)
    places = np.concatenate([rng.normal(-50, 1, (100, 2)), rng.normal(50, 1, (100, 2))]).astype(np.float32)
    found = place_near(rng.normal(0.5, 1, (50, 5)).astype(np.float32), known, places, still)
    assert (np.abs(found) > 45).all()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_fewer_landmarks_than_neighbours_are_enough(count: int) -> None:
    known, places = np.arange(count, dtype=np.float32)[:, None], np.ones((count, 2), np.float32)
    np.testing.assert_allclose(place_near(np.array([[1.0]], np.float32), known, places, still), [[1.0, 1.0]])
