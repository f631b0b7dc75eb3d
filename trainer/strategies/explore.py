"""The explore wrapper: now and then a uniformly random image takes the place in the order."""

from __future__ import annotations

import numpy as np

from shared.messages import ReasonKind
from trainer.strategies.base import Query, Selection, Strategy


def explore(strategy: Strategy, share: float) -> Strategy:
    """`strategy`, in whose order each place goes with probability `share` to a random image.

    What is displaced moves back by a place: nothing is lost, nothing comes twice.
    """

    def explored(query: Query) -> Selection:
        chosen = strategy(query)
        lucky = query.rng.random(len(chosen.positions)) < share
        drawn = query.rng.permutation(len(query))[: int(lucky.sum())]
        return _merge(chosen, lucky, drawn)

    return explored


def _merge(chosen: Selection, lucky: np.ndarray, drawn: np.ndarray) -> Selection:
    kept = ~np.isin(chosen.positions, drawn)
    places = np.flatnonzero(lucky)[: len(drawn)]
    count = len(chosen.positions)
    positions = np.empty(count, np.int64)
    scores = np.zeros(count)
    rest = np.setdiff1d(np.arange(count), places)
    positions[places] = drawn[: len(places)]
    positions[rest] = chosen.positions[kept][: len(rest)]
    scores[rest] = chosen.scores[kept][: len(rest)]
    kept_reasons = np.array(chosen.reasons, dtype=object)[kept][: len(rest)]
    reasons = np.full(count, ReasonKind.RANDOM, dtype=object)
    reasons[rest] = kept_reasons
    return Selection(positions, scores, tuple(reasons))
