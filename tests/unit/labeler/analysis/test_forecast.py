from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import curve_fit

from labeler.analysis.forecast import Law, Point, fit_law, forecast

LABELS = np.arange(40, 400, 10)


def points(error: np.ndarray, spread: float = 0.02, tests: int = 100, labels: np.ndarray = LABELS) -> list[Point]:
    return [Point(int(n), 1 - float(e), spread, tests) for n, e in zip(labels, error, strict=True)]


def law(n: np.ndarray, floor: float = 0.02, scale: float = 2.0, exponent: float = 0.6) -> np.ndarray:
    return floor + scale * n**-exponent


def test_an_exact_curve_is_continued_to_its_goal() -> None:
    needed = (2.0 / (0.06 - 0.02)) ** (1 / 0.6) - LABELS[-1]
    found = forecast(points(law(LABELS.astype(float)), spread=0.001), 0.94, rising=True)
    assert found.needed == pytest.approx(needed, rel=0.1)
    assert found.low is not None and found.high is not None
    assert found.low <= found.needed <= found.high


def test_the_fit_is_at_least_as_good_as_scipys() -> None:
    n = LABELS.astype(float)
    error = law(n) + np.random.default_rng(1).normal(0, 0.01, len(n))
    found = fit_law(n, error[None], np.full(len(n), 0.01))
    ours = found.floor + found.scale * n**-found.exponent
    (a, b, c), _ = curve_fit(lambda x, a, b, c: a + b * x**-c, n, error, p0=(0.02, 2, 0.6), bounds=(0, [1, 50, 2]))
    assert ((ours - error) ** 2).sum() <= 1.01 * ((a + b * n**-c - error) ** 2).sum()


def test_the_interval_covers_the_truth() -> None:
    n, rng = LABELS.astype(float), np.random.default_rng(2)
    truth = (2.0 / (0.06 - 0.02)) ** (1 / 0.6) - LABELS[-1]
    covered = 0
    for seed in range(60):
        noisy = law(n) + rng.normal(0, 0.015) + rng.normal(0, 0.004, len(n))
        found = forecast(points(noisy, spread=0.015), 0.94, rising=True, seed=seed)
        covered += (found.low or 0) <= truth and (found.high is None or found.high >= truth)
    assert covered >= 50


def test_a_metric_that_falls() -> None:
    falling = [Point(p.labels, 1 - p.value, 0.001, 100) for p in points(law(LABELS.astype(float)))]
    found = forecast(falling, 0.06, rising=False)
    assert found == forecast(points(law(LABELS.astype(float)), spread=0.001), 0.94, rising=True)


def test_it_says_when_it_cannot_tell() -> None:
    flat = points(np.full(len(LABELS), 0.2))
    assert forecast([], 0.9, rising=True).reason == "too few evaluations to tell yet"
    assert forecast(flat[:3], 0.9, rising=True).reason == "too few evaluations to tell yet"
    few = points(law(LABELS.astype(float)), tests=10)
    assert forecast(few, 0.94, rising=True).reason == "too few test labels to tell yet"
    stuck = forecast(flat, 0.9, rising=True)
    assert stuck.needed is None
    assert stuck.reason == "the curve so far flattens at about 80.0 %"
    assert forecast(flat, 0.7, rising=True).needed == 0


def test_a_law_that_never_gets_there() -> None:
    one = Law(np.array([0.1]), np.array([1.0]), np.array([0.5]))
    assert np.isinf(one.labels_for(0.05)[0])
    assert one.labels_for(0.2)[0] == pytest.approx(100)
