"""Which images form the hold-out, and how often one of them is asked."""

from __future__ import annotations

import math
from collections.abc import Sequence

from shared.config import Holdout, Stop

DENSE_LABELS = 100
DENSE_SHARE = 0.3
LATER_SHARE = 0.15
PROVING_SHARE = 0.8
ERRORS_AT_GOAL = 20


def holdout_size(images: int, rule: Holdout, for_proof: int = 0) -> int:
    """How many of `images` the hold-out should have: a fraction within bounds, never above a third.

    for_proof: how many it takes to prove the goal, where there is one.
    """
    wanted = min(max(math.ceil(images * rule.fraction), rule.min_images, for_proof), rule.max_images)
    return min(wanted, images // 3) if rule.fraction > 0 else 0


def size_for_proof(stop: Stop) -> int:
    """How many test images can prove the accuracy that is the goal, 0 without one.

    So many that a model just at the goal would err on about 20 of them: half as many errors prove it then, at the
    level the stop rule has for one look.
    """
    goal = stop.thresholds["accuracy"].at_least if "accuracy" in stop.thresholds else None
    return 0 if goal is None or goal >= 1 else round(ERRORS_AT_GOAL / (1 - goal))


def draw_holdout(ids: Sequence[str], count: int) -> set[str]:
    """The `count` ids with the smallest values, as a random draw: an id is a hash, so its order is random."""
    return set(sorted(ids)[: max(count, 0)])


def test_quota(labels: int) -> float:
    """How many of the first `labels` labels should be on the hold-out: three in ten, 15 in a hundred after 100."""
    return DENSE_SHARE * min(labels, DENSE_LABELS) + LATER_SHARE * max(labels - DENSE_LABELS, 0)
