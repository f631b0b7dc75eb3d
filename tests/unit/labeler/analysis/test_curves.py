from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from labeler.analysis.curves import precision_recall_curve, roc_curve, thinned

from .test_judged import random_judged


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 120), st.integers(2, 5), st.integers(0, 999), st.booleans())
def test_curves_and_areas_agree_with_scikit_learn(n: int, classes: int, seed: int, coarse: bool) -> None:
    judged = random_judged(n, classes, seed, coarse)
    scores, is_class = judged.probs[:, 0], judged.truth == 0
    roc, recall_curve = roc_curve(scores, is_class), precision_recall_curve(scores, is_class)
    if not is_class.any():
        assert roc is None and recall_curve is None
        return
    assert recall_curve is not None
    precision, recall, _ = metrics.precision_recall_curve(is_class, scores)
    assert recall_curve.area == pytest.approx(metrics.average_precision_score(is_class, scores))
    assert recall_curve.x == pytest.approx(recall[::-1])
    assert recall_curve.y == pytest.approx(precision[::-1])
    if is_class.all():
        assert roc is None
        return
    assert roc is not None
    false, true, _ = metrics.roc_curve(is_class, scores, drop_intermediate=False)
    assert roc.area == pytest.approx(metrics.roc_auc_score(is_class, scores))
    assert roc.x == pytest.approx(false)
    assert roc.y == pytest.approx(true)


def test_a_curve_for_drawing_keeps_its_ends_and_its_area() -> None:
    judged = random_judged(900, 2, 3)
    curve = roc_curve(judged.probs[:, 0], judged.truth == 0)
    assert curve is not None
    few = thinned(curve, 50)
    assert len(few.x) <= 50
    assert (few.x[0], few.y[0], few.x[-1], few.y[-1], few.area) == (0, 0, 1, 1, curve.area)
    assert set(zip(few.x, few.y, strict=True)) <= set(zip(curve.x, curve.y, strict=True))
    assert thinned(few, 50) is few


def test_nothing_scored() -> None:
    nothing = np.empty(0)
    assert roc_curve(nothing, nothing.astype(bool)) is None
    assert precision_recall_curve(nothing, nothing.astype(bool)) is None
