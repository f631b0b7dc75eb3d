"""Ratio of the two likeliest classes."""

from __future__ import annotations

from trainer.strategies.base import Floats, Query, Selection
from trainer.strategies.scored import two_highest, uncertain


def ratio(query: Query) -> Selection:
    """The closest calls first, relative to how likely the best class is."""
    return uncertain(query, ratio_scores)


def ratio_scores(probs: Floats) -> Floats:
    """The second likeliest class relative to the likeliest, p2/p1.

    probs: (N, C), each row sums to 1. Returns (N,) in [0, 1]; higher is asked first. Raises ValueError if C < 2.
    """
    first, second = two_highest(probs)
    return second / first
