"""Whether new weights may replace the old ones: a paired test on labels that they were not trained on. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from trainer.models.head import Floats, Integers, fit_head

Flags = npt.NDArray[np.bool_]

LEVEL: Final = 0.2  # of the test; strict, for a wrong refusal only costs a round
ENOUGH: Final = 20  # labels below which no test can say anything
FOLDS: Final = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a comparison on `n` validation labels.

    better: right now and wrong before. worse: the other way round. p: probability of so few better ones among those
    that differ if both were equally good (one-sided sign test, the exact form of McNemar's).
    """

    better: int
    worse: int
    n: int
    p: float

    @property
    def accepted(self) -> bool:
        """Whether the new weights are not shown to be worse."""
        return self.p > LEVEL

    @property
    def sentence(self) -> str:
        """What people are told."""
        outcome = "accepted" if self.accepted else "refused"
        return (
            f"{outcome}: of {self.n} validation labels {self.better} are right that were wrong before, "
            f"{self.worse} wrong that were right"
        )


def compare(before: Flags, after: Flags) -> Verdict:
    """The sign test on paired answers. before, after: (n,), whether the answer is right [McNemar 1947]."""
    better, worse = int((after & ~before).sum()), int((before & ~after).sum())
    return Verdict(better, worse, len(before), float(binom.cdf(better, better + worse, 0.5)))


def right_on(train: Floats, y: Integers, test: Floats, truth: Integers, c: float, balanced: bool) -> Flags:
    """Which of `test` a head that is fitted on `train` gets right, (n,). A class it has not seen is wrong."""
    head = fit_head(train, y, c, balanced)
    return np.asarray(head.classes[head.probabilities(test).argmax(axis=1)] == truth)


def right_in_folds(x: Floats, y: Integers, folds: Integers, c: float, balanced: bool) -> Flags:
    """Which labels a head gets right that is fitted on the other folds, (n,). folds: (n,), the fold of each."""
    right = np.zeros(len(y), np.bool_)
    for fold in np.unique(folds):
        out = folds == fold
        if not out.all():
            right[out] = right_on(x[~out], y[~out], x[out], y[out], c, balanced)
    return right


def fold_of(content_hash: bytes) -> int:
    """The fold an image always belongs to, 0 to FOLDS - 1; fold 0 is the validation part of every training."""
    return content_hash[-1] % FOLDS
