from __future__ import annotations

from typing import Any

import pytest

from trainer.service.refusals import BadCall
from trainer.service.requests import F1, ActiveLearning, Call

GOOD: dict[str, Any] = {
    "backbone": "b0",
    "add": 3,
    "method": "margin",
    "path_to_labels": "labels.tsv",
    "path_to_img": "images",
}


def refusal(call: type[Call], payload: object) -> BadCall:
    with pytest.raises(BadCall) as caught:
        call.parse(payload)
    return caught.value


def test_a_good_body() -> None:
    call = ActiveLearning.parse(GOOD)
    assert (call.add, call.seed, call.predictions) == (3, 0, False)


@pytest.mark.parametrize("add", [0, -1, 1.0, "3", True, None, [3], 1e300])
def test_add_is_a_whole_number_from_1(add: object) -> None:
    error = refusal(ActiveLearning, GOOD | {"add": add})
    assert error.field == "add"
    assert repr(add)[:20] in str(error)


@pytest.mark.parametrize(
    "change", [{"seed": -1}, {"seed": 2**64}, {"predictions": "yes"}, {"backbone": ""}, {"method": 7}]
)
def test_other_values_of_the_wrong_kind(change: dict[str, object]) -> None:
    assert refusal(ActiveLearning, GOOD | change).field == next(iter(change))


@pytest.mark.parametrize("payload", [None, [], "text", 3])
def test_a_body_that_is_no_object(payload: object) -> None:
    assert "expected a JSON object with backbone" in str(refusal(ActiveLearning, payload))


def test_missing_and_unknown_fields_are_named_with_those_that_are_expected() -> None:
    error = refusal(F1, {"backbone": "b0"})
    assert error.field == "path_to_labels_train"
    assert "path_to_img_val" in str(error)
    assert refusal(ActiveLearning, GOOD | {"ad": 3}).field == "ad"


def test_a_query_string_gives_the_same_call() -> None:
    arguments = {name: [str(value)] for name, value in GOOD.items()} | {"predictions": ["true"], "seed": ["7"]}
    assert ActiveLearning.parse_query(arguments) == ActiveLearning.parse(GOOD | {"predictions": True, "seed": 7})


@pytest.mark.parametrize(
    ("name", "values"),
    [("add", ["3", "4"]), ("add", ["many"]), ("add", ["0"]), ("add", ["-2"]), ("add", ["9" * 5000]), ("x", ["1"])],
)
def test_a_bad_query_string(name: str, values: list[str]) -> None:
    arguments = {name: [str(value)] for name, value in GOOD.items()} | {name: values}
    with pytest.raises(BadCall) as caught:
        ActiveLearning.parse_query(arguments)
    assert caught.value.field == name
