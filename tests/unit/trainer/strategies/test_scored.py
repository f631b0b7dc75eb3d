from __future__ import annotations

import numpy as np

from shared.messages import ReasonKind
from trainer.strategies import STRATEGIES, Query, select
from trainer.strategies.scored import defer_near_duplicates, highest


def test_highest_agrees_with_a_full_sort() -> None:
    scores = np.random.default_rng(1).permutation(1000).astype(np.float32)
    best = highest(scores, 17, np.random.default_rng(0))
    assert best.tolist() == np.argsort(-scores)[:17].tolist()


def test_ties_are_broken_at_random() -> None:
    firsts = {int(highest(np.zeros(50, np.float32), 1, np.random.default_rng(seed))[0]) for seed in range(40)}
    assert len(firsts) > 10


def test_what_resembles_an_image_further_ahead_steps_back() -> None:
    x = np.array([[1, 0], [1, 0.001], [0, 1], [0.001, 1]], np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    assert defer_near_duplicates(x, x[:0]).tolist() == [0, 2, 1, 3]
    assert defer_near_duplicates(x, x[:1]).tolist() == [2, 0, 1, 3]


def test_three_copies_of_the_closest_call_do_not_stand_next_to_each_other() -> None:
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(40, 16)).astype(np.float32)
    embeddings[:3] = embeddings[0]
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    probs = np.tile(np.array([0.8, 0.2], np.float32), (40, 1))
    probs[:3] = (0.5, 0.5)
    query = Query(10, probs, embeddings, embeddings[:0], rng)
    chosen = select(STRATEGIES["margin"], query)
    assert len({0, 1, 2} & set(chosen.positions[:10].tolist())) == 1
    assert set(chosen.reasons) == {ReasonKind.UNCERTAIN}
