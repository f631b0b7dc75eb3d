from __future__ import annotations

import math

import pytest

from benchmarks.forecast import judged, points, study
from labeler.analysis.forecast import Forecast


def test_a_forecast_is_judged_by_its_interval_and_its_factor() -> None:
    assert judged(Forecast(50, 20, 100), 100, 160) == (True, True, pytest.approx(160 / 150))
    assert judged(Forecast(50, 20, 55), 100, 160)[1] is False
    assert judged(Forecast(None, 30, None, "far"), 100, 160) == (False, True, None)
    assert judged(Forecast(0, 0, 0), 100, 160)[1] is False


def test_points_carry_the_error_of_a_share() -> None:
    (point,) = points([10], [0.9], 400)
    assert point.error == pytest.approx(math.sqrt(0.9 * 0.1 / 400))
    assert points([10], [1.0], 400)[0].error > 0


def test_an_exact_curve_is_forecast_to_its_goal() -> None:
    labels = list(range(20, 420, 20))
    curve = [0.98 - 2.0 * n**-0.6 for n in labels]
    result = {
        "settings": {"test": 500},
        "strategies": {
            "uherding": {
                "curve": [{"labels": n, "mean": a} for n, a in zip(labels, curve, strict=True)],
                "per_seed": [curve, curve],
            }
        },
    }
    found = study(result)
    assert (found["seeds"], found["said"], found["covered"]) == (2, 2, 2)
    assert found["off"] == pytest.approx(1.0, abs=0.1)
