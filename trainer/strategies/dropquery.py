"""DropQuery: images whose prediction changes under dropout, spread by k-means [Gupte et al. 2024]."""

from __future__ import annotations

from typing import Final

import numpy as np

from shared.messages import ReasonKind
from trainer.models.head import Head
from trainer.strategies.base import Floats, Integers, Query, Selection
from trainer.strategies.clusters import k_means, projected
from trainer.strategies.parts import in_order, look_at, rank_within

MASKS: Final = 3
DROPPED: Final = 0.75  # of an embedding's values
LOOKED_AT: Final = 10_000  # candidates are clustered; of more a random part
BLOCK: Final = 2048  # images


def dropquery(query: Query) -> Selection:
    """Of the images whose prediction most dropout masks change, the one nearest to each centre of k-means.

    One cluster per wanted or asked image; clusters that hold an asked image come last, larger ones first. Where too
    few predictions change, those that change less often follow; without a head of two classes all are candidates.
    """
    positions, x = look_at(query, LOOKED_AT, _candidates(query))
    if not len(x):
        return in_order(query, positions, ReasonKind.UNCERTAIN)
    asked = query.asked[np.arange(len(query.asked))] if query.asked is not None else x[:0]
    everything = projected(np.concatenate([x, asked]), query.rng)
    found, centres = k_means(everything, query.count + len(asked), query.rng)
    clusters = found[: len(x)]
    sizes = np.bincount(clusters, minlength=len(centres))
    covered = np.bincount(found[len(x) :], minlength=len(centres))
    distance = np.linalg.norm(everything[: len(x)] - centres[clusters], axis=1)
    turn = covered[clusters] + rank_within(clusters, -distance)
    order = np.lexsort((clusters, -sizes[clusters], turn))
    return in_order(query, positions[order], ReasonKind.UNCERTAIN)


def _candidates(query: Query) -> Integers | None:
    """Ascending positions of what most masks change, at least as many as are wanted; None for all."""
    if query.head is None or len(query.head.classes) < 2:
        return None
    flips = np.empty(len(query), np.int64)
    for start in range(0, len(query), BLOCK):
        block = np.arange(start, min(start + BLOCK, len(query)))
        flips[block] = changes(query.head, query.embeddings[block], query.rng)
    wanted = max(int((2 * flips > MASKS).sum()), min(query.count, len(query)))
    shuffled = query.rng.permutation(len(query))
    return np.sort(shuffled[np.argsort(-flips[shuffled], kind="stable")[:wanted]])


def changes(head: Head, x: Floats, rng: np.random.Generator) -> Integers:
    """Of MASKS dropout masks on each embedding, how many change the predicted class. (N, D) → (N,)."""
    plain = (x @ head.weight.T + head.bias).argmax(axis=1)
    found = np.zeros(len(x), np.int64)
    for _ in range(MASKS):
        kept = x * (rng.random(x.shape, np.float32) >= DROPPED)
        found += (kept @ head.weight.T / (1 - DROPPED) + head.bias).argmax(axis=1) != plain
    return found
