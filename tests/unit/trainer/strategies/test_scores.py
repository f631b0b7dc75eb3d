"""The formulas of the uncertainty scores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy as scipy_entropy

from trainer.strategies.base import Floats
from trainer.strategies.entropy import entropy_scores
from trainer.strategies.least import least_scores
from trainer.strategies.margin import margin_scores
from trainer.strategies.ratio import ratio_scores

SCORES = {"least": least_scores, "margin": margin_scores, "ratio": ratio_scores, "entropy": entropy_scores}
every_score = pytest.mark.parametrize("score", SCORES.values(), ids=SCORES.keys())


@pytest.mark.parametrize(
    ("name", "expected"), [("least", 0.4748), ("margin", 0.5930), ("ratio", 0.3679), ("entropy", 0.6835)]
)
def test_published_vector(name: str, expected: float) -> None:
    probs = np.array([[0.0321, 0.6439, 0.0871, 0.2369]], np.float32)
    assert SCORES[name](probs)[0] == pytest.approx(expected, abs=5e-5)


@every_score
def test_between_certain_and_clueless(score: Callable[[Floats], Floats]) -> None:
    probs = np.array([[1, 0, 0], [0.6, 0.3, 0.1], [1 / 3, 1 / 3, 1 / 3]], np.float32)
    scores = score(probs)
    assert scores[0] == pytest.approx(0, abs=1e-6)
    assert 0 < scores[1] < 1
    assert scores[2] == pytest.approx(1, abs=1e-5)


@every_score
@given(seed=st.integers(0, 10_000), classes=st.integers(2, 8))
def test_finite_within_bounds_and_blind_to_the_classes_order(
    score: Callable[[Floats], Floats], seed: int, classes: int
) -> None:
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(classes, 0.1), 20).astype(np.float32)
    scores = score(probs)
    assert np.isfinite(scores).all()
    assert (scores >= -1e-6).all()
    assert (scores <= 1 + 1e-5).all()
    np.testing.assert_allclose(score(probs[:, rng.permutation(classes)]), scores, atol=1e-6)


@every_score
def test_one_class_has_no_uncertainty(score: Callable[[Floats], Floats]) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        score(np.ones((3, 1), np.float32))


def test_entropy_agrees_with_scipy() -> None:
    probs = np.random.default_rng(0).dirichlet(np.ones(5), 50).astype(np.float32)
    np.testing.assert_allclose(entropy_scores(probs), scipy_entropy(probs, base=5, axis=1), atol=1e-5)
