from __future__ import annotations

import numpy as np
import pytest

from tests.unit.trainer.strategies.test_parts import unit
from trainer.strategies import Query, select
from trainer.strategies.coreset import coreset


@pytest.mark.parametrize("asked", [0, 2])
def test_against_the_definition(asked: int) -> None:
    x, labelled, others = unit(0, 40, 6), unit(1, 3, 6), unit(2, asked, 6)
    query = Query(
        12, np.empty((40, 0), np.float32), x, labelled, np.random.default_rng(0), asked=others if asked else None
    )
    selected = [*labelled, *others]
    expected, distances = [], []
    for _ in range(12):
        nearest = [min(float(np.linalg.norm(row - s)) for s in selected) for row in x]
        expected.append(int(np.argmax(nearest)))
        distances.append(max(nearest))
        selected.append(x[expected[-1]])
    chosen = select(coreset, query)
    assert chosen.positions.tolist() == expected
    np.testing.assert_allclose(chosen.scores, distances, atol=1e-3)


def test_with_nothing_selected_the_most_central_image_comes_first() -> None:
    x = unit(0, 40, 6)
    x[7] = x.mean(axis=0) / np.linalg.norm(x.mean(axis=0))
    query = Query(3, np.empty((40, 0), np.float32), x, x[:0], np.random.default_rng(0))
    assert select(coreset, query).positions[0] == 7
