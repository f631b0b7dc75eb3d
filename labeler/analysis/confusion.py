"""Which class is taken for which, and precision, recall and F1 per class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labeler.analysis.curves import roc_auc
from labeler.analysis.judged import Integers, Judged


@dataclass(frozen=True, slots=True)
class ClassScores:
    """How one class fares. A share is None where nothing is divided: never predicted, no test image.

    images: test images of the class. predicted: images taken for it. right: in both. auc: one class against the rest.
    """

    images: int
    predicted: int
    right: int
    precision: float | None
    recall: float | None
    f1: float | None
    auc: float | None


def confusion_matrix(judged: Judged) -> Integers:
    """How many images of each true class (row) were taken for each class (column), (C, C), in order of class number."""
    classes = judged.classes
    pairs = judged.truth * classes + judged.predicted
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def class_scores(judged: Judged) -> list[ClassScores]:
    """The scores of every class, in order of class number."""
    matrix = confusion_matrix(judged)
    images, predicted, right = matrix.sum(axis=1), matrix.sum(axis=0), matrix.diagonal()
    return [
        ClassScores(
            images=int(images[k]),
            predicted=int(predicted[k]),
            right=int(right[k]),
            precision=_ratio(int(right[k]), int(predicted[k])),
            recall=_ratio(int(right[k]), int(images[k])),
            f1=_ratio(2 * int(right[k]), int(images[k] + predicted[k])),
            auc=roc_auc(judged.probs[:, k], judged.truth == k),
        )
        for k in range(judged.classes)
    ]


def macro_f1(scores: list[ClassScores]) -> float | None:
    """The mean F1 of the classes that occur or are predicted; None where none does."""
    values = [score.f1 for score in scores if score.f1 is not None]
    return sum(values) / len(values) if values else None


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
