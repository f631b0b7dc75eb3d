from __future__ import annotations

import numpy as np
import pytest

from benchmarks.labelled_set import LabelledSet
from benchmarks.projection import components, measure, row, way


def heaps(count: int = 120) -> LabelledSet:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, count)
    x = rng.normal(size=(3, 60))[y] + 0.3 * rng.normal(size=(count, 60))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return LabelledSet("heaps", "made up", x.astype(np.float16), y, np.zeros(count, bool), ("a", "b", "c"))


def test_components_keep_the_distances() -> None:
    x = heaps().x.astype(np.float32)
    codes = components(x)
    assert codes.shape == (120, 50)
    np.testing.assert_allclose(np.linalg.norm(codes[0] - codes[1]), np.linalg.norm(x[0] - x[1]), rtol=0.05)
    assert (np.diff(codes.var(axis=0)) <= 1e-6).all()


@pytest.mark.parametrize("name", ["pca", "tsne-60", "mean-60"])
def test_clear_heaps_are_told_apart_by_every_way(name: str) -> None:
    found = measure(heaps(), name, 0)
    assert found["neighbours_right"] > 0.95
    assert 0.5 < found["trustworthiness"] <= 1.0
    assert row(found)["set"] == "heaps, 120"


def test_an_unknown_way_is_an_error() -> None:
    with pytest.raises(KeyError):
        way("magic")
