from __future__ import annotations

import math

import pytest

from benchmarks.forecast import arrival, judged, points, study
from labeler.analysis.forecast import Forecast


def test_a_forecast_is_judged_by_its_interval_and_its_factor() -> None:
    assert judged(Forecast(50, 20, 100), 100, (140, 160)) == (True, True, pytest.approx(160 / 150))
    assert judged(Forecast(50, 20, 39), 100, (140, 160))[1] is False
    assert judged(Forecast(50, 20, 41), 100, (140, 160))[1] is True, "it meets the step in which it happened"
    assert judged(Forecast(90, 61, 100), 100, (140, 160))[1] is False
    assert judged(Forecast(None, 30, None, "far"), 100, (140, 160)) == (False, True, None)
    assert judged(Forecast(0, 0, 0), 100, (140, 160))[1] is False


def test_a_curve_that_never_arrives_is_covered_by_what_goes_on_behind_its_end() -> None:
    never = arrival([10, 20, 30, 40], [0.1, 0.2, 0.3, 0.3], 2, 0.5)
    assert never == (40, math.inf)
    assert judged(Forecast(30, 10, 60), 20, never) == (True, True, None)
    assert judged(Forecast(5, 1, 20), 20, never)[1] is False
    assert arrival([10, 20, 30, 40], [0.6, 0.2, 0.5, 0.6], 2, 0.5) == (20, 30)


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
    assert (found["curves"], found["said"], found["covered"], found["never"]) == (2, 2, 2, 0)
    assert found["off"] == pytest.approx(1.0, abs=0.1)
