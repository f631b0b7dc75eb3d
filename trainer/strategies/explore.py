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
        lucky = (query.rng.random(len(chosen.positions)) < share).tolist()
        drawn = query.rng.permutation(len(query))[: sum(lucky)].tolist()
        return _merge(chosen, lucky, drawn) if any(lucky) else chosen

    return explored


def _merge(chosen: Selection, lucky: list[bool], drawn: list[int]) -> Selection:
    taken = set(drawn)
    rest = (entry for entry in zip(*_lists(chosen), strict=True) if entry[0] not in taken)
    luck = ((position, 0.0, ReasonKind.RANDOM) for position in drawn)
    merged = [next(luck if is_lucky else rest) for is_lucky in lucky]
    positions, scores, reasons = zip(*merged, strict=True)
    return Selection(np.array(positions, np.int64), np.array(scores), reasons)


def _lists(chosen: Selection) -> tuple[list[int], list[float], tuple[ReasonKind, ...]]:
    return chosen.positions.tolist(), chosen.scores.tolist(), chosen.reasons
