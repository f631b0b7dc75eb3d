from __future__ import annotations

import numpy as np
from scipy.stats import entropy

from tests.unit.trainer.strategies.test_parts import unit
from trainer.models.head import fit_head
from trainer.strategies import Query, select
from trainer.strategies.bald import bald
from trainer.uncertainty import Learnt
from trainer.uncertainty.laplace import laplace


def test_scores_are_the_mutual_information_of_the_heads_drawn() -> None:
    x, labelled, labels = unit(0, 30, 6), unit(1, 12, 6), np.arange(12) % 3
    head = fit_head(labelled, labels, 30.0)
    query = Query(30, head.probabilities(x), x, labelled, np.random.default_rng(5), labels, head=head)
    chosen = select(bald, query)
    heads = laplace(Learnt(head, labelled, labels), query.passes, np.random.default_rng(5))
    for position, score in zip(chosen.positions, chosen.scores, strict=True):
        logits = np.stack([h.weight @ x[position] + h.bias for h in heads])
        samples = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        information = entropy(samples.mean(axis=0)) - np.mean([entropy(p) for p in samples])
        np.testing.assert_allclose(score, information, atol=1e-4)


def test_what_no_label_speaks_for_comes_first_and_what_is_asked_has_been_spoken_for() -> None:
    directions = np.eye(16, dtype=np.float32)
    labelled, labels = directions[:2].repeat(20, axis=0), np.arange(2).repeat(20)
    head = fit_head(labelled, labels, 30.0)
    similar = (directions[2:8] + 0.3 * directions[8:14]) / np.float32(1.09**0.5)
    query = Query(4, head.probabilities(directions), directions, labelled, np.random.default_rng(0), labels, head=head)
    assert not {0, 1} & set(select(bald, query).positions.tolist())
    query = Query(
        4,
        head.probabilities(directions),
        directions,
        labelled,
        np.random.default_rng(0),
        labels,
        similar.repeat(10, axis=0),
        head,
    )
    assert set(select(bald, query).positions.tolist()) < set(range(8, 16))
