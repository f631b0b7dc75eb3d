"""Settings that people change while it runs: kept, recorded, undone, and dropped where they cannot be used."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from labeler.board import Topic
from labeler.schema import settings as table
from labeler.settings import Settings
from shared.config import Config
from shared.errors import InvalidInput
from shared.steering import RecallKind

from .conftest import World


def of(world: World, base: Config | None = None) -> Settings:
    """The settings as a start of the labeler reads them."""
    return Settings(base or world.config, world.database, world.labeler.board, lambda: world.now)


def test_a_change_is_recorded_and_survives_a_restart(world: World) -> None:
    settings, told = of(world), list[Topic]()
    world.labeler.board.subscribe(told.append)
    settings.change({"train.C": 3, "strategy.explore": 0.2}, "Ada")
    world.now += 60
    settings.change({"train.C": 4}, "Bo")
    again = of(world)
    assert (again.config.train.C, again.config.strategy.explore) == (4, 0.2)
    assert again.steering.wire() == {
        "revision": 2,
        "overrides": {"train.C": 4.0, "strategy.explore": 0.2},
        "named": [],
        "recall": None,
    }
    newest, *others = again.changes(10)
    assert newest == {
        "revision": 2,
        "time": world.now,
        "person": "Bo",
        "labels": 0,
        "key": "train.C",
        "old": 3.0,
        "new": 4.0,
    }
    assert {(c["key"], c["old"], c["new"], c["person"]) for c in others} == {
        ("train.C", 30.0, 3.0, "Ada"),
        ("strategy.explore", 0.05, 0.2, "Ada"),
    }
    assert told.count(Topic.SETTINGS) == 2


def test_all_or_none(world: World) -> None:
    settings = of(world)
    with pytest.raises(InvalidInput, match="from 0 to 1"):
        settings.change({"train.C": 3, "strategy.explore": 7}, "Ada")
    assert settings.config == of(world).config == world.config
    assert (settings.revision, settings.changes(10)) == (0, [])


def test_a_default_is_no_change_and_what_is_as_configured_follows_the_configuration(world: World) -> None:
    settings = of(world)
    settings.change({"train.C": 30.0}, "Ada")
    assert settings.revision == 0
    settings.change({"train.C": 3}, "Ada")
    settings.change({"train.C": 30}, "Ada")
    assert settings.steering.overrides == {}
    other = world.config.model_copy(update={"train": world.config.train.model_copy(update={"C": 7.0})})
    assert of(world, other).config.train.C == 7


def test_what_another_release_wrote_is_dropped_with_a_warning(world: World, caplog: pytest.LogCaptureFixture) -> None:
    row = {"revision": 5, "time": 0.0, "person": "", "labels": 0, "changes": [], "recall": None}
    overrides = {"train.gone": 1, "strategy.explore": 9, "train.C": 2.0}
    with world.database.writing() as c:
        c.execute(table.insert().values(revision=5, time=0.0, payload=json.dumps(row | {"overrides": overrides})))
    settings = of(world)
    assert settings.steering.overrides == {"train.C": 2.0}
    assert settings.revision == 5
    assert len(caplog.messages) == 2
    settings.change({"train.C": 1.0}, "Ada")
    assert settings.revision == 6


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("train.class_weights", {"cat": 2.0}, {"cow": 2.0}),
        ("train.costs", {"cat": {"dog": 2.0}}, {"cat": {"cow": 2.0}}),
        ("stop.thresholds", {"recall/dog": {"at_least": 0.5}}, {"recall/cow": {"at_least": 0.5}}),
    ],
)
def test_classes_that_there_are_not_are_refused(
    world: World, key: str, good: dict[str, Any], bad: dict[str, Any]
) -> None:
    settings = of(world)
    settings.change({key: good}, "Ada")
    with pytest.raises(InvalidInput, match="'cow'") as caught:
        settings.change({key: bad}, "Ada")
    assert caught.value.field == key
    assert settings.steering.overrides == {key: good}


def test_a_class_that_the_configuration_names_may_be_missing_yet(make_world: Callable[..., World]) -> None:
    world = make_world(stop__thresholds={"recall/cow": {"at_least": 0.5}})
    settings = of(world)
    settings.change({"train.C": 3}, "Ada")
    assert "recall/cow" in settings.config.stop.thresholds


def test_what_is_set_for_a_class_follows_its_new_name(world: World) -> None:
    settings = of(world)
    settings.change(
        {
            "train.class_weights": {"cat": 2.0, "dog": 3.0},
            "train.costs": {"cat": {"dog": 5.0}, "dog": {"cat": 4.0}},
            "stop.thresholds": {"recall/cat": {"at_least": 0.5}, "accuracy": {"at_least": 0.9}},
        },
        "Ada",
    )
    settings.rename_class("cat", "tiger")
    assert settings.config.train.class_weights == {"tiger": 2.0, "dog": 3.0}
    assert settings.config.train.costs == {"tiger": {"dog": 5.0}, "dog": {"tiger": 4.0}}
    assert list(settings.config.stop.thresholds) == ["recall/tiger", "accuracy"]
    settings.rename_class("nobody", "else")
    assert settings.revision == 2


def test_a_rollback_brings_back_the_settings_of_its_version_and_stays_the_newest_wish(world: World) -> None:
    settings = of(world)
    settings.change({"train.C": 3}, "Ada")
    settings.change({"train.C": 4, "slow.flips": True}, "Ada")
    settings.recall(RecallKind.ROLLBACK, 7, "cnn-1", 1, "Bo")
    assert (settings.config.train.C, settings.config.slow.flips) == (3, False)
    settings.change({"train.C": 5}, "Ada")
    for found in (settings, of(world)):
        recall = found.steering.recall
        assert recall is not None
        assert recall.wire() == {"kind": "rollback", "revision": 3, "version": 7, "space": "cnn-1"}
    by_rollback = [c for c in settings.changes(10) if c["revision"] == 3]
    assert (by_rollback[0]["key"], by_rollback[0]["new"]) == ("rollback", 7)
    assert {(c["key"], c["old"], c["new"]) for c in by_rollback[1:]} == {
        ("train.C", 4.0, 3.0),
        ("slow.flips", True, False),
    }


def test_to_train_on_from_a_version_changes_no_setting(world: World) -> None:
    settings = of(world)
    settings.change({"train.C": 3}, "Ada")
    settings.recall(RecallKind.FINETUNE, 7, "cnn-1", 0, "Bo")
    assert settings.config.train.C == 3
    assert [c["key"] for c in settings.changes(10)] == ["finetune", "train.C"]
    with world.database.reading() as c:
        assert c.scalar(sa.select(sa.func.count()).select_from(table)) == 2
