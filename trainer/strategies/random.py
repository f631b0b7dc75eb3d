"""Uniformly random: the baseline every other strategy is compared with."""

from __future__ import annotations

import numpy as np

from shared.messages import ReasonKind
from trainer.strategies.base import Query, Selection


def random(query: Query) -> Selection:
    """Any order is as likely as any other; all scores are 0."""
    positions = query.rng.permutation(len(query))[: query.count]
    return Selection(positions, np.zeros(len(positions)), (ReasonKind.RANDOM,) * len(positions))
