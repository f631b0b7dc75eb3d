"""Least confidence [Lewis & Gale 1994]."""

from __future__ import annotations

import numpy as np

from trainer.strategies.base import Floats, Query, Selection
from trainer.strategies.scored import uncertain


def least(query: Query) -> Selection:
    """The least confident predictions first."""
    return uncertain(query, least_scores)


def least_scores(probs: Floats) -> Floats:
    """How far the likeliest class is from certain, C(1 − p1)/(C − 1).

    probs: (N, C), each row sums to 1. Returns (N,) in [0, 1]; higher is asked first. Raises ValueError if C < 2.
    """
    classes = probs.shape[1]
    if classes < 2:
        raise ValueError(f"got probabilities of {classes} classes; expected at least 2")
    return np.asarray(classes * (1 - probs.max(axis=1)) / (classes - 1), np.float32)
