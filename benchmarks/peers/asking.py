"""What all adapters share: from a query to a library's arrays, and from its answer to a selection."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Final

import numpy as np

from shared.messages import ReasonKind
from trainer.models.head import Head, fit_head
from trainer.strategies import Query, Rows, Selection, Strategy
from trainer.strategies.base import Floats, Integers

Ask = Callable[[], Integers]  # positions in the pool, best first
Preparer = Callable[
    [Query], Ask
]  # brings the query into the form the library wants; what it costs is not the library's

SEEDS: Final = 2**31


def as_strategy(prepare: Preparer) -> Strategy:
    """A strategy for the replay."""

    def strategy(query: Query) -> Selection:
        positions = np.asarray(prepare(query)(), np.int64)
        return Selection(positions, np.zeros(len(positions)), (ReasonKind.UNCERTAIN,) * len(positions))

    return strategy


def whole(rows: Rows) -> Floats:
    """All embeddings in memory, (N, D)."""
    return rows if isinstance(rows, np.ndarray) else rows[np.arange(len(rows))]


def labelled_first(query: Query) -> Floats:
    """The labelled embeddings and after them the pool's, (M + N, D)."""
    return np.concatenate([whole(query.labelled), whole(query.embeddings)])


def seed_of(query: Query) -> int:
    """A seed for a library's generator; the query's own is left as it is, so that random starts are all the same."""
    return int(deepcopy(query.rng).integers(SEEDS))


def fitted_head(query: Query) -> Head | None:
    """The head, with probabilities as the fit gave them; None where it knows fewer than two classes."""
    return query.head if query.head is not None and len(query.head.classes) > 1 else None


def random_start(query: Query) -> Ask:
    """What a strategy that needs a model does without one: the images that `random` would ask."""
    positions = query.rng.permutation(len(query))[: query.count]
    return lambda: positions


def bootstrapped_heads(query: Query, count: int) -> list[Head]:
    """Heads fitted on as many labels drawn with replacement, for committees."""
    x, y = whole(query.labelled), np.asarray(query.labels)
    draws = [query.rng.integers(len(y), size=len(y)) for _ in range(count)]
    return [fit_head(x[draw], y[draw], query.c, balanced=False) for draw in draws]
