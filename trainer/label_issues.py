"""Which training labels are probably wrong: confident learning on held-out predictions [Northcutt et al. 2021]."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from shared.asking import Answer, LabelIssuesQuestion, Question
from shared.config import Train
from shared.errors import LabelstreamError
from trainer.clerk import Handler, Report
from trainer.learner import Model
from trainer.models.head import Floats, Integers, fit_head, softmax
from trainer.pool import Pool
from trainer.uncertainty.temperature import in_their_span

Booleans = npt.NDArray[np.bool_]

FOLDS: Final = 5
FEWEST: Final = 20  # labels; with fewer a head says little of what it was not fitted on
MOST_ISSUES: Final = 500
LEAST: Final = 1e-6  # a probability above 0 for every class


class TooFewLabels(LabelstreamError):
    """Too few training labels to doubt any of them."""

    code = "too_few_labels"


@dataclass(frozen=True, slots=True)
class Doubts:
    """Answers which training labels are probably wrong.

    fitted: labels and settings of the present head, class number by image number.
    """

    pool: Pool
    model: Callable[[], Model]
    fitted: Callable[[], tuple[Mapping[int, int], Train]]

    def handlers(self) -> dict[type[Question], Handler]:
        """Type of question → what answers it."""
        return {LabelIssuesQuestion: self.issues}

    def issues(self, _question: LabelIssuesQuestion, report: Report) -> Answer:
        """`issues`: [[image, label, likeliest class, their probabilities]], the least likely label first.

        Raises TooFewLabels.
        """
        labels, config = self.fitted()
        snapshot = self.pool.snapshot(labels)
        images = None if snapshot is None else snapshot.train
        known = [] if images is None else [int(number) for number in images.numbers]
        y = np.array([labels[number] for number in known], np.int64)
        kept = repeated(y)
        if images is None or kept.sum() < FEWEST or len(np.unique(y[kept])) < 2:
            raise TooFewLabels(
                f"{int(kept.sum())} training labels can be doubted; it takes {FEWEST}, of two classes with two each"
            )
        x, y, numbers = images[np.flatnonzero(kept)], y[kept], images.numbers[kept]
        probs, classes = held_out_probabilities(x, y, config, self.model().temperature, report)
        codes, said = np.searchsorted(classes, y), probs.argmax(axis=1)
        found = [
            [int(numbers[i]), int(y[i]), int(classes[said[i]]), float(probs[i, codes[i]]), float(probs[i, said[i]])]
            for i in likely_errors(codes, probs)[:MOST_ISSUES]
        ]
        return Answer({"issues": found, "examined": len(y), "left_out": int((~kept).sum())})


def repeated(y: Integers) -> Booleans:
    """Which labels are of a class that has a second one, so that something is known of it without the first, (n,)."""
    classes, codes = np.unique(y, return_inverse=True)
    return np.asarray(np.bincount(codes, minlength=len(classes))[codes] > 1)


def held_out_probabilities(
    x: Floats, y: Integers, config: Train, temperature: float, report: Report, seed: int = 0
) -> tuple[Floats, Integers]:
    """Probabilities of every row under a head that was not fitted on it, (n, K), and the class of each column.

    x: (n, D) embeddings; y: (n,) class numbers, each at least twice. Stratified cross-validation.
    """
    classes = np.unique(y)
    probs = np.full((len(y), len(classes)), LEAST, np.float32)
    x = in_their_span(x) if 2 * len(x) < x.shape[1] else x
    for number, fold in enumerate(_folds(y, seed)):
        report(number / FOLDS)
        head = fit_head(x[~fold], y[~fold], config.C, config.class_balanced)
        logits = np.asarray(x[fold] @ head.weight.T + head.bias, np.float32) / np.float32(temperature)
        probs[np.ix_(fold, np.searchsorted(classes, head.classes))] += softmax(logits)
    return np.asarray(probs / probs.sum(axis=1, keepdims=True)), classes


def likely_errors(codes: Integers, probs: Floats) -> list[int]:
    """Rows whose label is probably wrong, worst first, by cleanlab. codes: (n,) columns of probs, (n, K)."""
    from cleanlab.filter import find_label_issues  # noqa: PLC0415 - seconds, and memory that only this needs

    found = find_label_issues(codes, probs, return_indices_ranked_by="normalized_margin", n_jobs=1)
    return [int(row) for row in found]


def _folds(y: Integers, seed: int) -> Iterator[Booleans]:
    """FOLDS disjoint parts, each class spread evenly over them, in random order."""
    shuffled = np.random.default_rng(seed).permutation(len(y))
    order = shuffled[np.argsort(y[shuffled], kind="stable")]
    part = np.empty(len(y), np.int64)
    part[order] = np.arange(len(y)) % FOLDS
    return (part == number for number in range(FOLDS))
