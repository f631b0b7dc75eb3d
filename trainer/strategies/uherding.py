"""UHerding: coverage of the pool weighted by uncertainty, from no labels to many [Bae et al. 2025]."""

from __future__ import annotations

from typing import Final

import numpy as np

from shared.messages import ReasonKind
from trainer.strategies.base import Floats, Integers, Query, Selection
from trainer.strategies.cover import coverage, gaussian, greedy_cover, kernel_width
from trainer.strategies.margin import margin_scores
from trainer.strategies.scored import highest

SMALLEST: Final = 1e-6  # of the uncertainty, as a share of being a landmark; it may be 0 everywhere


def uherding(query: Query) -> Selection:
    """The images that most reduce what is both uncertain and unlike anything labelled, one after the other.

    Greedily maximises Σ_j U_j · max(0, k(x_j, x) − max over selected s of k(x_j, s)) over landmarks x_j, with U the
    calibrated margin uncertainty; U = 1 where there is no head of two classes yet. The kernel's width does not follow
    the smallest distance between labelled images, as in the paper: docs/decisions/0006.
    """
    uncertainty = _uncertainty(query.probs)
    marks, weights = _landmarks(query, uncertainty)
    candidates = _candidates(query, uncertainty)
    landmarks, found = query.embeddings[marks], query.embeddings[candidates]
    selected = query.selected()
    width = kernel_width(landmarks)
    kernel = gaussian(found, landmarks, width)
    order, gains = greedy_cover(kernel, coverage(landmarks, selected, width), weights, query.count)
    familiar = coverage(found[order], selected, width)
    return Selection(candidates[order], gains, _reasons(uncertainty[candidates[order]], familiar, query.probs.shape[1]))


def _uncertainty(probs: Floats) -> Floats:
    return margin_scores(probs) if probs.shape[1] >= 2 else np.ones(len(probs), np.float32)


def _landmarks(query: Query, uncertainty: Floats) -> tuple[Integers, Floats]:
    """Positions that stand for the whole pool, and their weights U.

    Of a pool with more than query.landmarks images they are drawn in proportion to U and weigh the same: the sum's
    estimate is as unbiased as with uniform draws, and what is uncertain is not missed where it is rare.
    """
    if len(query) <= query.landmarks:
        return np.arange(len(query)), uncertainty
    shares = uncertainty.astype(np.float64) + SMALLEST
    drawn = query.rng.choice(len(query), query.landmarks, p=shares / shares.sum())
    return np.sort(drawn), np.ones(query.landmarks, np.float32)


def _candidates(query: Query, uncertainty: Floats) -> Integers:
    """Positions that may be chosen: half of them the most uncertain ones, half random."""
    wanted = max(query.candidates, query.count)
    if len(query) <= wanted:
        return np.arange(len(query))
    likely = highest(uncertainty, wanted // 2, query.rng)
    others = np.setdiff1d(query.rng.permutation(len(query))[:wanted], likely)
    return np.concatenate([likely, query.rng.permutation(others)[: wanted - len(likely)]])


def _reasons(uncertainty: Floats, familiar: Floats, classes: int) -> tuple[ReasonKind, ...]:
    """UNCERTAIN where an image's own uncertainty is above its distance from what is selected, 1 − k; else DIVERSE."""
    is_uncertain = (uncertainty > 1 - familiar) & (classes >= 2)
    return tuple(ReasonKind.UNCERTAIN if yes else ReasonKind.DIVERSE for yes in is_uncertain)
