"""Precision–recall and ROC curves of one class against all others, with the areas below them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labeler.analysis.judged import Booleans, Floats

MOST_POINTS = 200


@dataclass(frozen=True, slots=True)
class Curve:
    """Points (x, y) from left to right, and one number that sums the curve up."""

    x: Floats
    y: Floats
    area: float


def roc_curve(scores: Floats, is_class: Booleans) -> Curve | None:
    """False positive rate → true positive rate from (0, 0) to (1, 1), and the area below; None without both kinds.

    scores: (n,), higher speaks for the class. is_class: (n,). Equal scores are one step [Fawcett 2006].
    """
    hits, misses = _counts(scores, is_class)
    if not len(hits) or not hits[-1] or not misses[-1]:
        return None
    x = np.concatenate([[0.0], misses / misses[-1]])
    y = np.concatenate([[0.0], hits / hits[-1]])
    return Curve(x, y, float(np.trapezoid(y, x)))


def precision_recall_curve(scores: Floats, is_class: Booleans) -> Curve | None:
    """Recall → precision from recall 0 on, and the average precision Σ (Rᵢ − Rᵢ₋₁)·Pᵢ.

    scores, is_class: as in roc_curve; None without an image of the class. At recall 0, where nothing is predicted,
    precision is drawn as 1.
    """
    hits, misses = _counts(scores, is_class)
    if not len(hits) or not hits[-1]:
        return None
    recall, precision = hits / hits[-1], hits / (hits + misses)
    area = float(np.diff(recall, prepend=0.0) @ precision)
    return Curve(np.concatenate([[0.0], recall]), np.concatenate([[1.0], precision]), area)


def roc_auc(scores: Floats, is_class: Booleans) -> float | None:
    """The probability that an image of the class scores above one of the others; None without both kinds."""
    curve = roc_curve(scores, is_class)
    return None if curve is None else curve.area


def thinned(curve: Curve, most: int = MOST_POINTS) -> Curve:
    """At most `most` points of a curve for drawing, its ends included; the area stays that of all."""
    if len(curve.x) <= most:
        return curve
    rows = np.unique(np.linspace(0, len(curve.x) - 1, most).astype(np.int64))
    return Curve(curve.x[rows], curve.y[rows], curve.area)


def _counts(scores: Floats, is_class: Booleans) -> tuple[Floats, Floats]:
    """Images of the class, and others, among those that score at least each distinct value, highest value first."""
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.diff(scores[order], append=-np.inf)) if len(order) else order
    hits = np.cumsum(is_class[order], dtype=np.float64)[ends]
    return hits, ends + 1 - hits
