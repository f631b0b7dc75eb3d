from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labeler.dashboard import Contributions, points
from shared.messages import MetricsReport, MetricValue

from .conftest import World
from .test_desk import hello, report


def test_people_and_pace_follow_the_log(world: World) -> None:
    ids = [row["image_id"] for row in world.get("/api/pool")["images"]]
    for i, image in enumerate(ids[:6]):
        world.now += 20
        world.annotate(image, "cat", annotator="Ada" if i < 4 else "Bo", annotation_id=f"a{i}")
    world.annotate(ids[7], None, "skip", annotator="Bo")
    view = world.get("/api/dashboard")
    assert view["people"] == [{"annotator": "Ada", "labels": 4}, {"annotator": "Bo", "labels": 2}]
    assert view["pace"]["interval_s"] == 60
    assert sum(view["pace"]["per_minute"]) == 6
    world.client.delete("/api/annotations/a5")
    world.client.delete("/api/annotations/a4")
    view = world.get("/api/dashboard")
    assert view["people"] == [{"annotator": "Ada", "labels": 4}]
    assert sum(view["pace"]["per_minute"]) == 4
    world.restart()
    assert world.get("/api/dashboard") == view


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=12))
def test_reading_on_is_reading_all(make_world: Callable[..., World], steps: list[tuple[int, bool]]) -> None:
    world = make_world(classes=["cat"])
    world.find(6)
    ids = [row["image_id"] for row in world.get("/api/pool")["images"]]
    kept = Contributions(world.database)
    for number, (image, undo) in enumerate(steps):
        world.annotate(ids[image], "cat", annotator=f"p{image % 2}", annotation_id=f"a{number}")
        if undo:
            kept.people()
            world.client.delete(f"/api/annotations/a{number}")
        fresh = Contributions(world.database)
        assert (kept.people(), kept.minutes()) == (fresh.people(), fresh.minutes())
        assert sum(fresh.people().values()) == sum(not u for _, u in steps[: number + 1])


def metrics(world: World, seq: int, labels: int, accuracy: float) -> None:
    value = MetricValue(value=accuracy, low=accuracy - 0.02, high=accuracy + 0.02, n=100)
    said = report(world.labeler.desk.view.epoch, seq)
    world.labeler.desk.metrics(
        MetricsReport.parse(said.wire() | {"labels": labels, "metrics": {"accuracy": value.wire()}})
    )


def test_the_forecast_is_there_from_the_history_alone(make_world: Callable[..., World]) -> None:
    world = make_world(classes=["cat"], stop__thresholds={"accuracy": {"at_least": 0.93}})
    world.find(30)
    hello(world.labeler.desk)
    assert world.get("/api/dashboard")["forecast"][0]["reason"] == "too few evaluations to tell yet"
    for seq, labels in enumerate(range(30, 400, 10), 1):
        metrics(world, seq, labels, 1 - 0.02 - 2 * labels**-0.6)
    (told,) = world.get("/api/dashboard")["forecast"]
    assert (told["metric"], told["goal"]) == ("accuracy", 0.93)
    assert 0 <= told["low"] <= told["needed"] <= told["high"]
    world.restart()
    assert world.get("/api/dashboard")["forecast"] == [told]


def test_older_detail_comes_from_the_database(world: World) -> None:
    hello(world.labeler.desk)
    for seq in range(1, 30):
        world.now += 10
        metrics(world, seq, seq, 0.5 + seq / 100)
    rows = world.get(f"/api/dashboard/history?since={world.now - 95}&until={world.now - 45}")["history"]
    assert [row["labels"] for row in rows] == [20, 21, 22, 23, 24]
    assert len(world.get("/api/dashboard/history")["history"]) == 29
    assert world.client.get("/api/dashboard/history?since=never").status_code == 400


def test_points_carry_training_labels_and_their_standard_error() -> None:
    value = {"value": 0.9, "low": 0.8, "high": 0.96, "n": 50}
    rows = [
        {"labels": 20, "test_labels": 5, "metrics": {"accuracy": value}},
        {"labels": 10, "test_labels": 5, "metrics": {"accuracy": value | {"low": None}}},
        {"labels": 20, "test_labels": 5, "metrics": {"accuracy": value | {"value": 0.95}}},
        {"labels": 30, "test_labels": 5, "metrics": {}},
    ]
    first, second = points(rows, "accuracy")
    assert (first.labels, first.error, first.tests) == (10, 0.0, 50)
    assert (second.labels, second.value) == (20, 0.95)
    assert second.error == pytest.approx(0.16 / (2 * 1.96), rel=1e-3)
    assert np.isfinite(second.error)
