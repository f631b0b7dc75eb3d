"""An ensemble of heads, each fitted on the same labels with other weights: the Bayesian bootstrap [Rubin 1981]."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import scipy.linalg

from trainer.models.head import Head, fit_head
from trainer.uncertainty.base import Floats, Learnt
from trainer.uncertainty.temperature import in_their_span

STEPS: Final = 60  # of each member's fit


def ensemble(learnt: Learnt, passes: int, rng: np.random.Generator) -> list[Head]:
    """Heads fitted on all labels, each label weighted by a draw from the exponential distribution of mean 1.

    Unlike with drawing labels, no class is ever lost.
    """
    x, y, c = learnt.x, learnt.y, learnt.c
    few = 2 * len(x) < x.shape[1]
    small = in_their_span(x) if few else x
    start = None if few else replace(learnt.head, classes=np.arange(len(learnt.head.classes)))
    drawn = (rng.exponential(size=len(x)).astype(np.float32) for _ in range(passes))
    members = [fit_head(small, y, c, learnt.balanced, start, STEPS, weights) for weights in drawn]
    return [
        replace(learnt.head, weight=_back(member.weight, small, x) if few else member.weight, bias=member.bias)
        for member in members
    ]


def _back(weight: Floats, small: Floats, x: Floats) -> Floats:
    """Weights for x that give what `weight` gives for `small`, its lower triangular image in the span of its rows."""
    return np.asarray(scipy.linalg.solve_triangular(small, weight.T, lower=True, trans="T").T @ x, np.float32)
