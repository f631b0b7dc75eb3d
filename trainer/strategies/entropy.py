"""Highest entropy of the prediction [Shannon 1948]."""

from __future__ import annotations

import numpy as np

from trainer.strategies.base import Floats, Query, Selection
from trainer.strategies.scored import uncertain


def entropy(query: Query) -> Selection:
    """The most spread predictions first."""
    return uncertain(query, entropy_scores)


def entropy_scores(probs: Floats) -> Floats:
    """−Σ p log p / log C, with 0·log 0 = 0.

    probs: (N, C), each row sums to 1. Returns (N,) in [0, 1]; higher is asked first. Raises ValueError if C < 2.
    """
    classes = probs.shape[1]
    if classes < 2:
        raise ValueError(f"got probabilities of {classes} classes; expected at least 2")
    logs = np.log(probs, out=np.zeros_like(probs), where=probs > 0)
    return np.asarray(-(probs * logs).sum(axis=1) / np.log(classes), np.float32)
