"""Whether confidence means what it says, and whether it tells right from wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labeler.analysis.curves import roc_auc
from labeler.analysis.judged import Booleans, Floats, Integers, Judged
from shared.intervals import wilson

BINS = 10  # drawn; the error is taken over finer ones
CLASS_BINS = 5  # of one class among many, most bins would hold next to nothing
HISTOGRAM_BINS = 20


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers whose probability lies in (low, high]: how many, their mean probability, the share that came true.

    share_low, share_high: the 95 % Wilson interval of that share.
    """

    low: float
    high: float
    n: int
    confidence: float
    share: float
    share_low: float
    share_high: float


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """How many right and wrong answers have each uncertainty, 1 − confidence, in bins of equal width from 0 to 1.

    separation: the probability that a wrong answer is less certain than a right one; None without both kinds.
    """

    right: Integers
    wrong: Integers
    separation: float | None


def reliability(probability: Floats, came_true: Booleans, bins: int = BINS) -> list[Bin]:
    """The bins that hold an answer, lowest first. probability: (n,) in [0, 1]; came_true: (n,)."""
    place = np.clip(np.ceil(probability * bins).astype(np.int64) - 1, 0, bins - 1)
    return [_bin(b, bins, probability[place == b], came_true[place == b]) for b in np.unique(place).tolist()]


def calibration_error(bins: list[Bin]) -> float | None:
    """Σ over bins of (share of answers)·|share that came true − mean probability| [Guo et al. 2017]; None for none."""
    n = sum(b.n for b in bins)
    return sum(b.n * abs(b.share - b.confidence) for b in bins) / n if n else None


def of_class(judged: Judged, number: int, bins: int = CLASS_BINS) -> list[Bin]:
    """The reliability of one class's probability over all images; empty where no test image has the class."""
    is_class = judged.truth == number
    return reliability(judged.probs[:, number], is_class, bins) if is_class.any() else []


def uncertainty(judged: Judged, bins: int = HISTOGRAM_BINS) -> Uncertainty:
    """The uncertainty of right answers against that of wrong ones."""
    doubt, right = 1.0 - judged.confidence, judged.right
    place = np.clip((doubt * bins).astype(np.int64), 0, bins - 1)
    return Uncertainty(
        np.bincount(place[right], minlength=bins),
        np.bincount(place[~right], minlength=bins),
        roc_auc(doubt, ~right),
    )


def _bin(number: int, bins: int, probability: Floats, came_true: Booleans) -> Bin:
    n, hits = len(probability), int(came_true.sum())
    return Bin(number / bins, (number + 1) / bins, n, float(probability.mean()), hits / n, *wilson(hits, n))
