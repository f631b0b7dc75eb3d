"""A cost matrix as it is configured."""

from __future__ import annotations

import pytest

from shared.config import load_config
from shared.costs import unknown_names
from shared.errors import ConfigError


def test_costs_are_read_from_the_environment() -> None:
    config = load_config(environ={"LABELSTREAM_TRAIN__COSTS": '{"cat": {"dog": 5}}'})
    assert config.train.costs == {"cat": {"dog": 5.0}}


@pytest.mark.parametrize(
    ("costs", "sentence"),
    [
        ({"cat": {"dog": 0}}, "greater than 0"),
        ({"cat": {"dog": 1001}}, "less than or equal to 1000"),
        ({"cat": {"cat": 2}}, "'cat' said of 'cat' is no mistake"),
        ({"cat": {"dgo": 2}}, "the class 'dgo', which there is not; did you mean 'dog'"),
        ({"act": {"dog": 2}}, "the class 'act', which there is not; did you mean 'cat'"),
    ],
)
def test_what_makes_no_sense_is_refused(costs: object, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        load_config(environ={}, flags={"classes": ["cat", "dog"], "train.costs": costs})


def test_where_classes_are_made_on_the_page_unknown_ones_are_only_named() -> None:
    config = load_config(environ={}, flags={"train.costs": {"cat": {"dgo": 2}}})
    assert unknown_names(config.train.costs, ["cat", "dog"]) == [
        "train.costs names the class 'dgo', which there is not; did you mean 'dog'?"
    ]
    assert unknown_names(config.train.costs, ["cat", "dgo"]) == []
