"""MaxHerding: greedy coverage of the pool under a Gaussian kernel [Bae et al. 2024]."""

from __future__ import annotations

import numpy as np

from shared.messages import ReasonKind
from trainer.strategies.base import Query, Selection
from trainer.strategies.cover import coverage, gaussian, greedy_cover, kernel_width


def herding(query: Query) -> Selection:
    """The images that make the pool best covered, one after the other; each prefix is diverse.

    Candidates and landmarks are random parts of the pool, so that time and memory do not grow with it.
    """
    rng = query.rng
    candidates = rng.permutation(len(query))[: max(query.candidates, query.count)]
    landmarks = query.embeddings[np.sort(rng.permutation(len(query))[: query.landmarks])]
    found = query.embeddings[candidates]
    width = kernel_width(landmarks)
    covered = coverage(landmarks, query.selected(), width)
    order, gains = greedy_cover(gaussian(found, landmarks, width), covered, np.ones_like(covered), query.count)
    return Selection(candidates[order], gains, (ReasonKind.DIVERSE,) * len(order))
