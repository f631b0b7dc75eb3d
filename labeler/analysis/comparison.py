"""Two versions on the same images, and images over many versions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from labeler.analysis.judged import Integers, Judged
from shared.intervals import CONFIDENCE

RIGHT: Final = 1
WRONG: Final = 0
UNJUDGED: Final = -1


@dataclass(frozen=True, slots=True)
class Paired:
    """Two versions on the images that both have judged.

    both, first, second, neither: images that both, only the first, only the second, neither got right. difference:
    accuracy of the second less that of the first, with its 95 % interval [Agresti & Min 2005]. p: of the exact
    two-sided McNemar test [McNemar 1947] that there is none; 1 where no image tells them apart.
    """

    both: int
    first: int
    second: int
    neither: int
    difference: float
    low: float
    high: float
    p: float

    @property
    def n(self) -> int:
        """How many images both have judged."""
        return self.both + self.first + self.second + self.neither


def compare(first: Judged, second: Judged) -> Paired | None:
    """Two versions on the images that both have judged; None where there is no such image."""
    common = np.intersect1d(first.numbers, second.numbers)
    if not len(common):
        return None
    one, other = first.of(common).right, second.of(common).right
    b, c = int((one & ~other).sum()), int((~one & other).sum())
    difference, low, high = _difference(b, c, len(common))
    both, neither = int((one & other).sum()), int((~one & ~other).sum())
    return Paired(both, b, c, neither, difference, low, high, exact_p(b, c))


def exact_p(b: int, c: int) -> float:
    """min(1, 2·P(X ≤ min(b, c))) for X ~ Binomial(b + c, ½)."""
    n = b + c
    tail = sum(math.comb(n, k) for k in range(min(b, c) + 1))
    return float(min(1.0, 2 * tail / 2**n))


def never_right(versions: Sequence[Judged]) -> Integers:
    """Numbers of the images that two or more versions judged and none got right, ascending."""
    numbers, right = _over(versions)
    judged_twice = (right != UNJUDGED).sum(axis=0) > 1
    return np.asarray(numbers[judged_twice & ~(right == RIGHT).any(axis=0)])


def flipped(versions: Sequence[Judged]) -> dict[int, int]:
    """Image number → how often its answer turned from right to wrong or back, where it ever did.

    versions: oldest first; of each image those count that judged it.
    """
    numbers, right = _over(versions)
    turns, last = np.zeros(len(numbers), np.int64), np.full(len(numbers), UNJUDGED)
    for now in right:
        turns += (now != UNJUDGED) & (last != UNJUDGED) & (now != last)
        last = np.where(now == UNJUDGED, last, now)
    return {int(numbers[i]): int(turns[i]) for i in np.flatnonzero(turns)}


def confident_mistakes(judged: Judged) -> Integers:
    """Numbers of the images whose label is likely wrong, the least likely label first [Northcutt et al. 2021].

    Those on which the model disagrees with the label and is at least as sure as it is on average of images that do
    carry the class it says. A class without a test image has no such average, and no mistake counts as confident.
    """
    sums = np.bincount(judged.truth, judged.probs[np.arange(len(judged)), judged.truth], judged.classes)
    counts = np.bincount(judged.truth, minlength=judged.classes)
    usual = np.divide(sums, counts, out=np.full(judged.classes, np.inf), where=counts > 0)
    differs = judged.likeliest != judged.truth
    sure = np.flatnonzero(differs & (judged.confidence >= usual[judged.likeliest]))
    quality = judged.probs[sure, judged.truth[sure]] - judged.confidence[sure]
    return judged.numbers[sure[np.argsort(quality, kind="stable")]]


def _over(versions: Sequence[Judged]) -> tuple[Integers, Integers]:
    """The images that any version judged, (N,) ascending, and RIGHT, WRONG or UNJUDGED of each version, (V, N)."""
    numbers = np.unique(np.concatenate([np.empty(0, np.int64), *(version.numbers for version in versions)]))
    right = np.full((len(versions), len(numbers)), UNJUDGED)
    for row, version in zip(right, versions, strict=True):
        row[np.searchsorted(numbers, version.numbers)] = np.where(version.right, RIGHT, WRONG)
    return numbers, right


def _difference(b: int, c: int, n: int) -> tuple[float, float, float]:
    """(c − b)/n and its interval, for which half an image is added to each of the four kinds."""
    z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
    more_b, more_c, more_n = b + 0.5, c + 0.5, n + 2
    middle = (more_c - more_b) / more_n
    half = z * math.sqrt(more_b + more_c - (more_c - more_b) ** 2 / more_n) / more_n
    value = (c - b) / n
    return value, max(-1.0, min(middle - half, value)), min(1.0, max(middle + half, value))
