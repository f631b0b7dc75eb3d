from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import entropy

from trainer.models.head import Head, fit_head
from trainer.strategies import Query, select
from trainer.strategies.bald import bald, mutual_information, posterior_heads


def test_mutual_information_by_hand() -> None:
    certain_but_different = [[1, 0], [0, 1]]
    uncertain_and_agreed = [[0.5, 0.5], [0.5, 0.5]]
    between = [[0.9, 0.1], [0.5, 0.5]]
    samples = np.array([certain_but_different, uncertain_and_agreed, between], np.float32).transpose(1, 0, 2)
    expected = entropy([0.7, 0.3]) - (entropy([0.9, 0.1]) + entropy([0.5, 0.5])) / 2
    np.testing.assert_allclose(mutual_information(samples), [np.log(2), 0, expected], atol=1e-6)


def test_mutual_information_agrees_with_scipy() -> None:
    samples = np.random.default_rng(0).dirichlet(np.ones(4), (6, 30)).astype(np.float32)
    expected = entropy(samples.mean(axis=0), axis=1) - entropy(samples, axis=2).mean(axis=0)
    np.testing.assert_allclose(mutual_information(samples), expected, atol=1e-5)


@pytest.mark.parametrize("labels", [3, 40])
def test_heads_are_drawn_from_the_laplace_posterior(labels: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(labels, 4)).astype(np.float32)
    head = Head(np.arange(3), rng.normal(size=(3, 4)).astype(np.float32), np.zeros(3, np.float32), 0.0)
    drawn = posterior_heads(head, x, 2.0, 40_000, rng)
    probs = head.probabilities(x)
    for k in range(3):
        precision = np.eye(4)
        for row, p in zip(x, probs[:, k], strict=True):
            precision += 2.0 * p * (1 - p) * np.outer(row, row)
        np.testing.assert_allclose(drawn[:, k].mean(axis=0), head.weight[k], atol=0.03)
        np.testing.assert_allclose(np.cov(drawn[:, k].T), np.linalg.inv(precision), atol=0.03)


def test_what_no_label_speaks_for_comes_first() -> None:
    rng = np.random.default_rng(0)
    directions = np.eye(16, dtype=np.float32)
    labelled, labels = directions[:2].repeat(20, axis=0), np.arange(2).repeat(20)
    head = fit_head(labelled, labels, 30.0)
    query = Query(5, head.probabilities(directions), directions, labelled, rng, labels, head=head)
    assert not {0, 1} & set(select(bald, query).positions.tolist())
