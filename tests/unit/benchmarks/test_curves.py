from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from benchmarks.curves import Curves, compare, interval, summary

values = arrays(np.float64, st.integers(2, 12), elements=st.floats(0, 1))


@given(values)
def test_the_interval_is_that_of_students_t(sample: np.ndarray) -> None:
    found = interval(sample)
    if sample.std() < 1e-6:
        assert found.high - found.low == pytest.approx(0, abs=1e-5)
        return
    low, high = stats.t.interval(0.95, len(sample) - 1, loc=sample.mean(), scale=stats.sem(sample))
    assert (found.low, found.high) == pytest.approx((low, high))


def test_one_seed_has_an_interval_without_width() -> None:
    found = interval(np.array([0.7]))
    assert (found.low, found.mean, found.high) == (0.7, 0.7, 0.7)


def test_labels_to_a_target() -> None:
    curves = Curves((10, 20, 30), np.array([[0.5, 0.9, 0.95], [0.6, 0.7, 0.85], [0.5, 0.7, 0.8]]))
    assert curves.labels_to(0.76) == 20  # means .533, .767, .867
    assert curves.labels_to(0.9) is None
    assert curves.median_labels_to(0.8) == 30  # 20, 30, 30
    assert curves.median_labels_to(0.9) is None  # 20, never, never
    assert curves.area.mean == pytest.approx(np.mean([0.5, 0.9, 0.95, 0.6, 0.7, 0.85, 0.5, 0.7, 0.8]))


def test_a_comparison_is_paired_by_seed() -> None:
    rng = np.random.default_rng(0)
    luck = rng.normal(0, 0.1, (20, 1))  # of the pool, the same for both
    other = Curves((5, 10), 0.5 + luck + np.zeros((20, 2)))
    one = Curves((5, 10), other.accuracy + np.array([0.02, -0.02]) + rng.normal(0, 0.001, (20, 2)))
    found = compare(one, other)
    assert found.above == [5]
    assert found.below == [10]
    assert found.area.low < 0 < found.area.high
    expected = stats.ttest_rel(one.accuracy[:, 0], other.accuracy[:, 0]).confidence_interval(0.95)
    assert (found.points[0].low, found.points[0].high) == pytest.approx((expected.low, expected.high))


def test_curves_of_other_budgets_are_not_compared() -> None:
    with pytest.raises(ValueError, match="cannot be paired"):
        compare(Curves((5,), np.ones((2, 1))), Curves((6,), np.ones((2, 1))))


def test_the_summary_has_the_agreed_form() -> None:
    curves = Curves((5, 10), np.array([[0.5, 0.7], [0.6, 0.8]]))
    found = summary(curves, [0.75, 0.9], {"random": curves})
    assert [set(point) for point in found["curve"]] == [{"labels", "mean", "low", "high"}] * 2
    assert found["aulc"] == pytest.approx(0.65)
    assert found["labels_to"] == {
        "0.75": {"mean_curve": 10, "median_seed": None},
        "0.9": {"mean_curve": None, "median_seed": None},
    }
    assert found["against"]["random"]["aulc"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
