from __future__ import annotations

import numpy as np
import pytest

from tests.unit.trainer.models.test_head import blobs
from trainer.models.head import fit_head
from trainer.uncertainty import Learnt
from trainer.uncertainty.ensemble import ensemble


@pytest.mark.parametrize("dim", [10, 100], ids=["as it is", "in the span"])
def test_members_are_fits_on_weighted_labels(dim: int) -> None:
    x, y = blobs(30, dim, 3)
    learnt = Learnt(fit_head(x, y, 30.0), x, y)
    [member] = ensemble(learnt, 1, np.random.default_rng(8))
    weights = np.random.default_rng(8).exponential(size=30).astype(np.float32)
    expected = fit_head(x, y, 30.0, weights=weights)
    np.testing.assert_allclose(member.probabilities(x), expected.probabilities(x), atol=0.02)
    other = blobs(50, dim, 3, seed=3)[0]
    np.testing.assert_allclose(member.probabilities(other), expected.probabilities(other), atol=0.03)


def test_a_weight_of_two_is_a_label_given_twice() -> None:
    x, y = blobs(30, 10, 3)
    twice = np.where(np.arange(30) < 10, 2, 1)
    rows = np.repeat(np.arange(30), twice)
    weighted = fit_head(x, y, 30.0, balanced=False, weights=twice.astype(np.float32))
    np.testing.assert_allclose(
        weighted.probabilities(x), fit_head(x[rows], y[rows], 30.0, balanced=False).probabilities(x), atol=0.01
    )
