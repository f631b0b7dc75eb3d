"""What can be changed while it runs, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.config import Config, load_config
from shared.errors import InvalidInput
from shared.steering import (
    STEERABLE,
    STRATEGY_NAMES,
    Form,
    Range,
    find,
    overrides_of,
    range_of,
    sound,
    steered,
    value_of,
)
from trainer.strategies import STRATEGIES

KEYS = [setting.key for setting in STEERABLE]
NUMBERS = [key for key in KEYS if range_of(key).form in {Form.NUMBER, Form.WHOLE}]


def refusal(key: str, value: object) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        steered(Config(), {"advice.kappa": 0.5, key: value})
    return caught.value


def inside(limits: Range) -> st.SearchStrategy[float]:
    if limits.form is Form.WHOLE:
        return st.integers(int(limits.low or 0), int(limits.high or 10**9))
    return st.floats(
        limits.low, limits.high or 1e12, exclude_min=limits.above, exclude_max=limits.below, allow_subnormal=False
    )


def test_the_table_names_options_once_and_explains_each() -> None:
    assert len(set(KEYS)) == len(KEYS)
    for setting in STEERABLE:
        assert value_of(Config(), setting.key) == value_of(steered(Config(), {}), setting.key)
        assert setting.name
        assert setting.about.endswith(".")
        assert find(setting.key) is setting


def test_the_strategies_that_can_be_chosen_are_those_of_the_trainer() -> None:
    assert sorted(STRATEGY_NAMES) == sorted(STRATEGIES)


@pytest.mark.parametrize("key", NUMBERS)
@settings(deadline=None)  # the first call reads the schema
@given(data=st.data())
def test_a_number_in_its_range_is_taken_and_one_beyond_is_refused_with_the_range(key: str, data: st.DataObject) -> None:
    limits = range_of(key)
    value = data.draw(inside(limits))
    changed = steered(Config(), {key: value})
    assert value_of(changed, key) == value
    assert overrides_of(changed, Config()) == ({key: value} if value != value_of(Config(), key) else {})
    beyond = [limits.low if limits.above else (limits.low or 0) - 1]
    beyond += [] if limits.high is None else [limits.high if limits.below else limits.high + 1]
    for value in beyond:
        error = refusal(key, int(value or 0) if limits.form is Form.WHOLE else value)
        assert error.field == key
        assert limits.words in str(error)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("train.C", -1, "train.C is -1; expected a number above 0"),
        ("train.C", "3", "train.C is '3'; expected a number above 0"),
        ("train.C", float("nan"), "expected a number above 0"),
        ("train.pause_every", True, "expected a whole number from 0"),
        ("strategy.explore", 2, "expected a number from 0 to 1"),
        ("slow.batch_size", 1, "expected a whole number from 2 to 1,024"),
        ("slow.enabled", "no", "expected one of auto, on, off"),
        ("slow.learning_rate", 0, "expected a number above 0 or none"),
        ("advice.gain", "stap", "expected one of off, advise, stop"),
        ("strategy.name", ["margin"], "expected one of uherding, herding"),
        ("stop.thresholds", {"accuracy": {"at_least": 2}}, "expected a share above 0 and up to 1"),
        ("stop.thresholds", {"accurcy": {"at_least": 1}}, "unknown metric 'accurcy'"),
        ("stop.thresholds", 3, "got 3"),
        ("train.class_weights", {"a": 0}, "greater than 0"),
        ("train.costs", {"a": {"b": 0}}, "greater than 0"),
        ("train.costs", {"a": {"a": 2}}, "is no mistake"),
        ("model.backbone", "resnet18", "set it in config.yaml and start again"),
        ("train.c", 3, "did you mean `train.C`?"),
        ("", 3, "did you mean"),
    ],
)
def test_what_is_refused_and_why(key: str, value: object, expected: str) -> None:
    error = refusal(key, value)
    assert expected in str(error)
    assert error.field == key


def test_a_strategy_of_ones_own_only_where_it_is_configured() -> None:
    assert "expected one of" in str(refusal("strategy.name", "os:system"))
    own = load_config(environ={}, flags={"strategy.name": "my.module:function"})
    chosen = steered(own, {"strategy.name": "margin"})
    assert chosen.strategy.name == "margin"
    assert steered(own, {"strategy.name": "my.module:function"}) == own


def test_only_differences_are_overrides() -> None:
    changes: dict[str, Any] = {
        "train.C": 3,
        "strategy.explore": 0.05,
        "slow.learning_rate": None,
        "slow.enabled": True,
        "stop.thresholds": {"accuracy": {"at_least": 0.9}},
        "train.class_weights": {"cat": 2},
    }
    made = overrides_of(steered(Config(), changes), Config())
    assert made == {
        "train.C": 3.0,
        "slow.enabled": True,
        "stop.thresholds": {"accuracy": {"at_least": 0.9}},
        "train.class_weights": {"cat": 2.0},
    }
    assert steered(Config(), made) == steered(Config(), changes)


def test_overrides_of_another_release_are_dropped_one_by_one() -> None:
    kept, dropped = sound(Config(), {"train.C": 3.0, "train.gone": 1, "strategy.explore": 7, "advice.kappa": 0.5})
    assert kept == {"train.C": 3.0, "advice.kappa": 0.5}
    assert len(dropped) == 2
    assert "train.gone" in dropped[0]
    assert "from 0 to 1" in dropped[1]


def test_the_page_of_the_documentation_lists_every_setting_with_its_range() -> None:
    page = (Path(__file__).parents[3] / "docs" / "steering.md").read_text(encoding="utf-8")
    for setting in STEERABLE:
        limits = range_of(setting.key)
        [row] = [line for line in page.splitlines() if line.startswith(f"| `{setting.key}` |")]
        assert setting.name in row
        assert setting.about in row
        assert limits.form is Form.THRESHOLDS or limits.words in row
