from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsRegressor

from trainer.projection.near import NEAREST, place_near


def still(_share: float) -> None:
    pass


@settings(max_examples=25, deadline=None)
@given(anchors=st.integers(NEAREST, 40), count=st.integers(1, 60), seed=st.integers(0, 1000))
def test_places_are_those_of_scikit_learns_weighted_neighbours(anchors: int, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    known = rng.normal(size=(anchors, 6)).astype(np.float32)
    places = rng.normal(size=(anchors, 2)).astype(np.float32)
    codes = rng.normal(size=(count, 6)).astype(np.float32)
    expected = KNeighborsRegressor(NEAREST, weights="distance").fit(known, places).predict(codes)
    np.testing.assert_allclose(place_near(codes, known, places, still), expected, atol=1e-3)


def test_a_landmark_lies_where_it_lies() -> None:
    rng = np.random.default_rng(0)
    known, places = rng.normal(size=(30, 4)).astype(np.float32), rng.normal(size=(30, 2)).astype(np.float32)
    np.testing.assert_allclose(place_near(known, known, places, still), places, atol=1e-3)


def test_fewer_landmarks_than_neighbours_are_enough() -> None:
    known, places = np.array([[0.0], [2.0]], np.float32), np.array([[0.0, 0.0], [2.0, 4.0]], np.float32)
    found = place_near(np.array([[1.0]], np.float32), known, places, still)
    np.testing.assert_allclose(found, [[1.0, 2.0]])
