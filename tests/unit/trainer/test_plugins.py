from __future__ import annotations

import functools
from typing import Any

import pytest

from shared.config import Strategy
from shared.errors import ConfigError
from trainer.plugins import load_function
from trainer.ranking import Ranker


class Given: ...


class Special(Given): ...


class Answer: ...


def of_given(given: Given) -> Answer: ...


def of_anything(given: object, more: int = 0) -> Answer: ...


def of_any_number(*given: Given) -> Any: ...


def of_special(given: Special) -> Answer: ...


def unknown_words(given: Nowhere) -> Nothing: ...  # noqa: F821


def takes_numbers(given: list[int]) -> Answer: ...


def gives_numbers(given: Given) -> dict[str, int]: ...


def for_named(*, given: Given) -> Answer: ...


partly = functools.partial(of_given)
text = "text"


def load(name: str) -> object:
    return load_function(f"{__name__}:{name}", "thing", takes=(Given,), returns=Answer)


@pytest.mark.parametrize("name", ["of_given", "of_anything", "of_any_number", "unknown_words", "partly"])
def test_what_can_be_called_as_it_will_be_is_taken(name: str) -> None:
    assert callable(load(name))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("of_special", "its given is a Special"),
        ("takes_numbers", "its given is a list"),
        ("gives_numbers", "it returns a dict"),
        ("for_named", "too many positional arguments"),
        ("Answer", "is a class"),
        ("text", "is a str"),
        ("missing", "cannot be loaded"),
    ],
)
def test_what_cannot_is_refused_with_what_was_expected(name: str, why: str) -> None:
    with pytest.raises(ConfigError, match=rf"^thing '.*:{name}'.*{why}.*; expected "):
        load(name)


def test_without_types_only_the_name_counts() -> None:
    assert load_function("os:getcwd", "thing")


def test_the_trainer_refuses_it_when_it_starts() -> None:
    with pytest.raises(ConfigError, match=r"expected a function \(Query\) -> Selection"):
        Ranker(Strategy(name="os:getcwd"), 30.0)
