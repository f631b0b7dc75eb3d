from __future__ import annotations

import importlib

import numpy as np
import pytest

from tests.unit.trainer.models.test_head import blobs
from trainer.models.head import Floats, fit_head, softmax
from trainer.uncertainty import Learnt
from trainer.uncertainty.laplace import Posterior, laplace


def example(n: int = 30, dim: int = 8, classes: int = 3) -> Learnt:
    x, y = blobs(n, dim, classes)
    return Learnt(fit_head(x, y, 30.0, balanced=False), x, y, balanced=False)


def covariance(posterior: Posterior, k: int) -> np.ndarray:
    """(XᵀAX + I)⁻¹, by its definition."""
    x = posterior.x
    return np.linalg.inv(x.T @ (posterior.curvature[k][:, None] * x) + np.eye(x.shape[1]))


@pytest.mark.parametrize("dim", [8, 60])
def test_variances_are_those_of_the_inverse_hessian(dim: int) -> None:
    learnt = example(dim=dim)
    posterior = Posterior.of(learnt)
    rows = np.column_stack([learnt.x, np.ones(30)])
    for k in range(3):
        expected = np.einsum("nd,de,ne->n", rows, covariance(posterior, k), rows)
        np.testing.assert_allclose(posterior.variances(learnt.x)[:, k], expected, rtol=1e-6)


def test_draws_have_the_posteriors_mean_and_covariance() -> None:
    posterior = Posterior.of(example(dim=4))
    drawn = posterior.draw(20_000, np.random.default_rng(0))
    for k in range(3):
        expected = covariance(posterior, k)
        scale = np.sqrt(np.diag(expected))
        assert np.abs((drawn[:, k].mean(axis=0) - posterior.mean[k]) / scale).max() < 0.05
        assert np.abs((np.cov(drawn[:, k].T) - expected) / np.outer(scale, scale)).max() < 0.05


def test_one_more_label_gives_the_posterior_that_all_rows_give() -> None:
    before = Posterior.of(example())
    new = blobs(5, 8, 3, seed=4)[0][0]
    after = before.with_label(new, 2)
    assert len(after.x) == 31
    whole = Posterior.from_curvature(after.x, after.mean, after.curvature, after.c)
    np.testing.assert_allclose(after.factors, whole.factors, atol=1e-9)
    assert (after.variances(new[None]) < before.variances(new[None])).all()


def probabilities(posterior: Posterior, x: Floats) -> np.ndarray:
    return softmax(np.column_stack([x, np.ones(len(x))]) @ posterior.mean.T)


@pytest.mark.parametrize("column", range(3))
def test_one_more_label_moves_predictions_towards_those_of_a_fit(column: int) -> None:
    x, y = blobs(60, 8, 3)
    new = blobs(5, 8, 3, seed=1)[0][:1]
    before = Posterior.of(Learnt(fit_head(x, y, 30.0, balanced=False), x, y, balanced=False))
    fitted = fit_head(np.concatenate([x, new]), np.append(y, column), 30.0, balanced=False)
    assert fitted.probabilities(new).max() < 0.8
    far, near = (
        np.abs(probabilities(posterior, x) - fitted.probabilities(x)).mean()
        for posterior in (before, before.with_label(new[0], column))
    )
    assert near < 0.75 * far


def test_what_resembles_no_label_is_the_most_uncertain() -> None:
    x = np.zeros((40, 10), np.float32)
    x[:, 0] = 1
    x[::2, 1] = 0.2
    y = np.arange(40) % 2
    posterior = Posterior.of(Learnt(fit_head(x, y, 30.0), x, y))
    strange = np.zeros((1, 10), np.float32)
    strange[0, 7] = 1
    assert (posterior.variances(strange) > 5 * posterior.variances(x[:1])).all()


def test_of_many_rows_those_with_the_greatest_curvature_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    learnt = example(n=50)
    whole = Posterior.of(learnt)
    monkeypatch.setattr(importlib.import_module("trainer.uncertainty.laplace"), "MOST_ROWS", 20)
    part = Posterior.of(learnt)
    assert sorted(part.curvature.sum(axis=0)) == pytest.approx(sorted(whole.curvature.sum(axis=0))[-20:])
    assert (part.variances(learnt.x) >= whole.variances(learnt.x) - 1e-9).all()
    assert len(laplace(learnt, 2, np.random.default_rng(0))) == 2
