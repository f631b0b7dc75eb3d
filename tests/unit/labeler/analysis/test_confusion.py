from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from labeler.analysis.confusion import class_scores, confusion_matrix, macro_f1
from labeler.analysis.judged import Judged

from .test_judged import random_judged


@pytest.mark.filterwarnings("ignore:A single label")
@settings(max_examples=30, deadline=None)
@given(st.integers(1, 120), st.integers(1, 6), st.integers(0, 999))
def test_the_matrix_and_the_table_agree_with_scikit_learn(n: int, classes: int, seed: int) -> None:
    judged, labels = random_judged(n, classes, seed), list(range(classes))
    truth, said = judged.truth, judged.predicted
    matrix = confusion_matrix(judged)
    assert np.array_equal(matrix, metrics.confusion_matrix(truth, said, labels=labels))
    precision, recall, f1, images = metrics.precision_recall_fscore_support(truth, said, labels=labels, zero_division=0)
    scores = class_scores(judged)
    for k, score in enumerate(scores):
        assert score.images == images[k]
        assert (score.precision or 0.0) == pytest.approx(precision[k])
        assert (score.recall or 0.0) == pytest.approx(recall[k])
        assert (score.f1 or 0.0) == pytest.approx(f1[k])
        assert (score.precision is None) == (score.predicted == 0)
        assert (score.recall is None) == (score.images == 0)
        if 0 < images[k] < n:
            assert score.auc == pytest.approx(metrics.roc_auc_score(truth == k, judged.probs[:, k]))
        else:
            assert score.auc is None
    assert macro_f1(scores) == pytest.approx(metrics.f1_score(truth, said, average="macro"))


def test_rows_are_true_and_columns_predicted() -> None:
    judged = Judged(np.arange(3), np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]]), np.array([0, 1, 1]))
    assert confusion_matrix(judged).tolist() == [[1, 0], [1, 1]]


def test_no_test_image_at_all() -> None:
    nothing = Judged(np.empty(0, np.int64), np.empty((0, 2)), np.empty(0, np.int64))
    assert confusion_matrix(nothing).tolist() == [[0, 0], [0, 0]]
    assert [score.f1 for score in class_scores(nothing)] == [None, None]
    assert macro_f1(class_scores(nothing)) is None
