from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve
from sklearn.metrics import roc_auc_score

from labeler.analysis.calibration import calibration_error, of_class, reliability, uncertainty
from labeler.analysis.judged import Judged

from .test_judged import random_judged


@pytest.mark.parametrize("seed", range(4))
def test_bins_agree_with_scikit_learn_and_scipy(seed: int) -> None:
    judged = random_judged(300, 4, seed)
    bins = reliability(judged.confidence, judged.right, 10)
    share, confidence = calibration_curve(judged.right, judged.confidence, n_bins=10)
    assert [b.share for b in bins] == pytest.approx(share)
    assert [b.confidence for b in bins] == pytest.approx(confidence)
    assert sum(b.n for b in bins) == 300
    for b in bins:
        assert b.low <= b.confidence <= b.high
        exact = binomtest(round(b.share * b.n), b.n).proportion_ci(method="wilson")
        assert (b.share_low, b.share_high) == pytest.approx((exact.low, exact.high))


def test_the_error_is_that_of_its_definition() -> None:
    judged = random_judged(200, 3, 5)
    gap = 0.0
    for b in range(10):
        inside = (judged.confidence > b / 10) & (judged.confidence <= (b + 1) / 10)
        if inside.any():
            gap += inside.mean() * abs(judged.right[inside].mean() - judged.confidence[inside].mean())
    assert calibration_error(reliability(judged.confidence, judged.right)) == pytest.approx(gap)
    assert calibration_error([]) is None


def test_a_class_has_its_own_bins_unless_no_test_image_has_it() -> None:
    judged = random_judged(200, 3, 6)
    share, confidence = calibration_curve(judged.truth == 1, judged.probs[:, 1], n_bins=5)
    bins = of_class(judged, 1)
    assert [b.share for b in bins] == pytest.approx(share)
    assert [b.confidence for b in bins] == pytest.approx(confidence)
    without = Judged(judged.numbers, judged.probs, np.zeros(200, np.int64))
    assert of_class(without, 1) == []


def test_uncertainty_of_right_and_wrong_answers() -> None:
    judged = random_judged(300, 4, 7)
    found = uncertainty(judged, 20)
    doubt = 1 - judged.confidence
    edges = np.linspace(0, 1, 21)
    assert found.right.tolist() == np.histogram(doubt[judged.right], edges)[0].tolist()
    assert found.wrong.tolist() == np.histogram(doubt[~judged.right], edges)[0].tolist()
    assert found.separation == pytest.approx(roc_auc_score(~judged.right, doubt))
    nothing = uncertainty(Judged(np.empty(0, np.int64), np.empty((0, 2)), np.empty(0, np.int64)))
    assert (nothing.right.sum(), nothing.wrong.sum(), nothing.separation) == (0, 0, None)
