"""The common end of all strategies that give each image a score of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from shared.messages import ReasonKind
from trainer.strategies.base import Floats, Integers, Query, Selection

NEAR_DUPLICATE: Final = 0.98  # cosine of two embeddings
LOOK_FURTHER: Final = 2  # times the count: what may step forward where near-duplicates step back


def by_score(query: Query, scores: Floats) -> Selection:
    """The highest scores first, ties in random order; what resembles an image further ahead, or asked, steps back.

    scores: (N,), finite.
    """
    shortlist = highest(scores, LOOK_FURTHER * query.count, query.rng)
    found = query.embeddings[shortlist]
    asked = found[:0] if query.asked is None else query.asked[np.arange(len(query.asked))]
    order = defer_near_duplicates(found, asked)[: query.count]
    positions = shortlist[order]
    return Selection(positions, scores[positions].astype(np.float64), (ReasonKind.UNCERTAIN,) * len(positions))


def highest(scores: Floats, count: int, rng: np.random.Generator) -> Integers:
    """Positions of the `count` highest scores, best first, ties in random order. (N,) → (min(count, N),)."""
    count = min(count, len(scores))
    ties = rng.permutation(len(scores))
    shuffled = scores[ties]
    best = np.argpartition(-shuffled, count - 1)[:count]
    return ties[best[np.argsort(-shuffled[best], kind="stable")]]


def defer_near_duplicates(embeddings: Floats, ahead: Floats) -> Integers:
    """An order of the rows in which none comes after one it resembles, as long as there are others.

    embeddings: (n, D) unit vectors, best first. ahead: (m, D), what comes before all of them. Returns a permutation of
    0..n-1.
    """
    resembles = embeddings @ embeddings.T > NEAR_DUPLICATE
    is_late = np.any(embeddings @ ahead.T > NEAR_DUPLICATE, axis=1)
    kept = np.zeros(len(embeddings), bool)
    for i in range(len(embeddings)):
        kept[i] = not (is_late[i] or (resembles[i] & kept).any())
    return np.concatenate([np.flatnonzero(kept), np.flatnonzero(~kept)])


def two_highest(probs: Floats) -> tuple[Floats, Floats]:
    """p1 and p2 of each row, (N, C) → (N,), (N,). Raises ValueError if C < 2."""
    if probs.shape[1] < 2:
        raise ValueError(f"got probabilities of {probs.shape[1]} classes; expected at least 2")
    top = np.partition(probs, -2, axis=1)
    return top[:, -1], top[:, -2]


def uncertain(query: Query, scores_of: Callable[[Floats], Floats]) -> Selection:
    """by_score of what `scores_of` says; where there are fewer than two classes, all are equally uncertain."""
    if query.probs.shape[1] < 2:
        return by_score(query, np.zeros(len(query), np.float32))
    return by_score(query, scores_of(query.probs))
