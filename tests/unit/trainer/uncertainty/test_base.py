from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy as scipy_entropy

from trainer.uncertainty.base import moments


@given(st.integers(1, 8), st.integers(1, 10), st.integers(1, 6), st.integers(0, 99))
def test_moments_agree_with_scipy(count: int, n: int, classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = rng.dirichlet(np.full(classes, 0.3), (count, n)).astype(np.float32)
    found = moments(samples)
    np.testing.assert_allclose(found.mean, samples.mean(axis=0), atol=1e-5)
    predictive = scipy_entropy(samples.astype(float).mean(axis=0), axis=1)
    expected = scipy_entropy(samples.astype(float), axis=2).mean(axis=0)
    np.testing.assert_allclose(found.predictive, predictive, atol=1e-4)
    np.testing.assert_allclose(found.expected, expected, atol=1e-4)
    np.testing.assert_allclose(found.information, np.maximum(predictive - expected, 0), atol=2e-4)
    assert (found.information >= 0).all()


def test_two_that_contradict_each_other_tell_a_bit_and_two_that_agree_nothing() -> None:
    one, other = np.eye(2, dtype=np.float32)
    assert moments([one[None], other[None]]).information[0] == pytest.approx(np.log(2))
    assert moments([one[None], one[None]]).information[0] == 0
    unsure = np.full((1, 2), 0.5, np.float32)
    assert moments([unsure, unsure]).predictive[0] == pytest.approx(np.log(2))
    assert moments([unsure, unsure]).information[0] == pytest.approx(0, abs=1e-6)
