from __future__ import annotations

import numpy as np
import pytest

from trainer.pool_summary import BINS, MOST_CLASSES, summarise


def test_shares_and_uncertainty_follow_their_definitions() -> None:
    probs = np.random.default_rng(0).dirichlet(np.full(4, 0.4), 500).astype(np.float32)
    classes = np.array([2, 3, 5, 9])
    found = summarise(probs, classes)
    assert found is not None
    said = classes[probs.argmax(axis=1)]
    assert dict(found.shares) == {k: pytest.approx((said == k).mean()) for k in classes.tolist()}
    assert [share for _, share in found.shares] == sorted((share for _, share in found.shares), reverse=True)
    expected = np.histogram(1 - probs.max(axis=1), np.linspace(0, 1, BINS + 1))[0]
    assert found.uncertainty == expected.tolist()
    assert found.scored == 500


def test_only_the_most_frequent_of_many_classes_travel() -> None:
    probs = np.eye(300, dtype=np.float32)[np.concatenate([np.arange(300), [7]])]
    found = summarise(probs, np.arange(300))
    assert found is not None
    assert len(found.shares) == MOST_CLASSES
    assert found.shares[0] == (7, pytest.approx(2 / 301))


def test_a_large_pool_is_looked_at_in_part() -> None:
    probs = np.tile(np.eye(2, dtype=np.float32), (15_001, 1))
    found = summarise(np.sort(probs, axis=0), np.arange(2))
    assert found is not None
    assert found.scored == 15_001


def test_nothing_scored() -> None:
    assert summarise(np.empty((5, 0), np.float32), np.empty(0, np.int64)) is None
    assert summarise(np.empty((0, 3), np.float32), np.arange(3)) is None
