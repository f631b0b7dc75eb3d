"""The history as columns, and the dashboard's figures in words."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Modules

pytestmark = pytest.mark.browser
SPACE = "\u00a0"


def row(labels: int, time: float, accuracy: float | None, seq: int = 0, loss: float | None = 0.5) -> dict[str, Any]:
    metrics = {} if accuracy is None else {"accuracy": {"value": accuracy, "low": accuracy - 0.1, "high": 0.99, "n": 9}}
    return {
        "seq": seq or labels,
        "labels": labels,
        "test_labels": 5,
        "time": time,
        "train_loss": loss,
        "metrics": metrics,
    }


HISTORY = [row(10, 100, 0.5), row(20, 200, None), row(30, 300, 0.7), row(30, 310, 0.8, seq=31), row(25, 320, 0.75)]


def test_a_curve_goes_by_labels_or_by_time(modules: Modules) -> None:
    by_labels = modules.call("core/curve.js", "curveOf", HISTORY, ["accuracy"])
    assert by_labels["x"] == [15, 30, 35]
    assert by_labels["lines"][0]["value"] == [0.5, 0.75, 0.8]
    assert by_labels["lines"][0]["low"] == pytest.approx([0.4, 0.65, 0.7])
    by_time = modules.call("core/curve.js", "curveOf", HISTORY, ["train_loss", "accuracy"], "time")
    assert by_time["x"] == [100, 200, 300, 310, 320]
    assert by_time["lines"][0]["value"] == [0.5] * 5
    assert by_time["lines"][1]["value"] == [0.5, None, 0.7, 0.8, 0.75]
    assert modules.call("core/curve.js", "curveOf", [], ["accuracy"]) == {
        "x": [],
        "lines": [{"value": [], "low": [], "high": []}],
    }


def test_detail_and_marks_find_their_place(modules: Modules) -> None:
    times = modules.call("core/curve.js", "timesWithin", HISTORY, "labels", 14, 31)
    assert times == [100, 320]
    assert modules.call("core/curve.js", "timesWithin", HISTORY, "labels", 100, 200) is None
    assert modules.call("core/curve.js", "timesWithin", HISTORY, "time", 100, 200) == [100, 200]
    fine = modules.call("core/curve.js", "withDetail", HISTORY[::2], HISTORY)
    assert [r["time"] for r in fine] == [100, 200, 300, 310, 320]
    assert modules.call("core/curve.js", "placeOf", HISTORY, "labels", 305) == 35
    assert modules.call("core/curve.js", "placeOf", HISTORY, "labels", 5) == 0
    assert modules.call("core/curve.js", "placeOf", HISTORY, "time", 305) == 305


@pytest.mark.parametrize(
    ("forecast", "figure", "note"),
    [
        (None, "–", "no goal is set"),
        ({"needed": 0, "low": 0, "high": 0}, "reached", f"accuracy 95.0{SPACE}%; what is left is the proof"),
        ({"needed": 140, "low": 60, "high": 1420}, f"≈ 140{SPACE}labels", f"60 – 1,420 · accuracy 95.0{SPACE}%"),
        ({"needed": 140, "low": 60, "high": None}, f"≈ 140{SPACE}labels", "60 – more, no upper bound"),
        ({"needed": None, "low": None, "high": None}, "cannot tell", "too few evaluations"),
    ],
)
def test_the_forecast_in_words(modules: Modules, forecast: Any, figure: str, note: str) -> None:
    if forecast is not None:
        forecast |= {"metric": "accuracy", "goal": 0.95, "reason": "too few evaluations"}
    words = modules.call("core/dashboard.js", "forecastWords", forecast)
    assert words["figure"] == figure
    assert note in words["note"]


def test_the_speed_of_the_last_minutes(modules: Modules) -> None:
    pace = {"starts": [0, 60, 120, 600], "per_minute": [50, 50, 50, 8], "interval_s": 60}
    assert modules.call("core/dashboard.js", "recentPace", pace, 650) == 8
    assert modules.call("core/dashboard.js", "recentPace", pace, 5000) is None
    assert modules.call("core/dashboard.js", "shares", [1, 3]) == [0.25, 0.75]
    assert modules.call("core/dashboard.js", "shares", [0, 0]) == [0, 0]


def test_two_versions_in_words(modules: Modules) -> None:
    paired = {"difference": 0.031, "low": 0.01, "high": 0.05, "p": 0.004}
    assert modules.call("core/dashboard.js", "verdict", paired, "90 images") == "The second is better on 90 images."
    assert modules.call("core/dashboard.js", "pointsOf", 0.031) == f"+3.1{SPACE}points"
    assert modules.call("core/dashboard.js", "pointsInterval", paired) == f"+1.0 to +5.0, 95{SPACE}%"
    doubtful = modules.call("core/dashboard.js", "verdict", paired | {"p": 0.4}, "90 images")
    assert doubtful == "No difference can be shown on 90 images."


def test_a_change_of_a_setting_in_words(modules: Modules) -> None:
    change = {"key": "train.C", "old": 30, "new": 3, "person": "Ada"}
    assert modules.call("core/dashboard.js", "changeWords", change) == "train.C: 30 → 3 (Ada)"
    rollback = {"key": "rollback", "old": None, "new": 12, "person": ""}
    assert modules.call("core/dashboard.js", "changeWords", rollback) == "rollback to version 12"
