"""Smallest margin between the two likeliest classes [Scheffer 2001]."""

from __future__ import annotations

from trainer.strategies.base import Floats, Query, Selection
from trainer.strategies.scored import two_highest, uncertain


def margin(query: Query) -> Selection:
    """The closest calls first."""
    return uncertain(query, margin_scores)


def margin_scores(probs: Floats) -> Floats:
    """How close the two likeliest classes are, 1 − (p1 − p2).

    probs: (N, C), each row sums to 1. Returns (N,) in [0, 1]; higher is asked first. Raises ValueError if C < 2.
    """
    first, second = two_highest(probs)
    return 1 - (first - second)
