from __future__ import annotations

import numpy as np
import pytest

from tests.unit.trainer.strategies.test_clusters import blobs
from tests.unit.trainer.strategies.test_parts import unit
from trainer.strategies import Query, select
from trainer.strategies.base import Floats
from trainer.strategies.typiclust import typicality, typiclust


def spheres(clusters: int, each: int) -> Floats:
    x = blobs(3, clusters, each, 24)
    return np.asarray(x / np.linalg.norm(x, axis=1, keepdims=True), np.float32)


@pytest.mark.parametrize("size", [2, 9, 60])
def test_typicality_against_its_definition(size: int) -> None:
    x = unit(0, size, 5)
    neighbours = max(1, min(20, size // 2))
    for i, found in enumerate(typicality(x)):
        distances = sorted(float(np.linalg.norm(x[i] - other)) for j, other in enumerate(x) if j != i)
        assert found == pytest.approx(1 / np.mean(distances[:neighbours]), rel=1e-3)


def test_a_cluster_of_one_is_typical() -> None:
    assert typicality(unit(0, 1, 3)).tolist() == [1]


def test_each_cluster_once_and_those_with_a_label_or_asked_last() -> None:
    x = spheres(6, 20)
    query = Query(4, np.empty((120, 0), np.float32), x, x[[0]], np.random.default_rng(0), asked=x[[20]])
    assert set((select(typiclust, query).positions // 20).tolist()) == {2, 3, 4, 5}


def test_the_most_typical_image_of_a_cluster_comes_first() -> None:
    x = spheres(2, 30)
    chosen = select(typiclust, Query(2, np.empty((60, 0), np.float32), x, x[:0], np.random.default_rng(0))).positions
    best = {int(typicality(x[:30]).argmax()), 30 + int(typicality(x[30:]).argmax())}
    assert set(chosen.tolist()) == best


def test_the_larger_cluster_comes_first() -> None:
    x = spheres(2, 40)[:60]
    chosen = select(typiclust, Query(2, np.empty((60, 0), np.float32), x, x[:0], np.random.default_rng(0))).positions
    assert (chosen // 40).tolist() == [0, 1]
