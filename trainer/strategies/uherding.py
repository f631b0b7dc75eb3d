"""UHerding: coverage of the pool weighted by uncertainty, from no labels to many [Bae et al. 2025]."""

from __future__ import annotations

import numpy as np

from shared.messages import ReasonKind
from trainer.strategies.base import Floats, Query, Selection
from trainer.strategies.cover import coverage, gaussian, greedy_cover, kernel_width
from trainer.strategies.margin import margin_scores


def uherding(query: Query) -> Selection:
    """The images that most reduce what is both uncertain and unlike anything labelled, one after the other.

    Greedily maximises Σ_j U_j · max(0, k(x_j, x) − max over selected s of k(x_j, s)) over landmarks x_j, with U the
    margin uncertainty; U = 1 where there is no head of two classes yet.
    """
    rng = query.rng
    candidates = rng.permutation(len(query))[: max(query.candidates, query.count)]
    marks = np.sort(rng.permutation(len(query))[: query.landmarks])
    landmarks = query.embeddings[marks]
    weights = _uncertainty(query.probs[marks])
    width = kernel_width(landmarks)
    covered = coverage(landmarks, query.selected(), width)
    kernel = gaussian(query.embeddings[candidates], landmarks, width)
    order, gains = greedy_cover(kernel, covered, weights, query.count)
    return Selection(candidates[order], gains, (ReasonKind.DIVERSE,) * len(order))


def _uncertainty(probs: Floats) -> Floats:
    return margin_scores(probs) if probs.shape[1] >= 2 else np.ones(len(probs), np.float32)
