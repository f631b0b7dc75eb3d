"""When a round is due."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.config import Slow
from trainer.slow.schedule import Kind, Standing, due, pause_s


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (Standing(63, 0, 0, 0, pretraining=True), None),
        (Standing(64, 0, 0, 0, pretraining=True), Kind.PRETRAIN),
        (Standing(64, 500, 3, 0, pretraining=True), Kind.PRETRAIN),
        (Standing(1000, 49, 3, 0, pretraining=False), None),
        (Standing(1000, 50, 3, 0, pretraining=False), Kind.TRAIN),
        (Standing(1000, 50, 11, 0, pretraining=False), None),
        (Standing(1000, 55, 11, 0, pretraining=False), Kind.TRAIN),
        (Standing(1000, 60, 1, 0, pretraining=False), None),
        (Standing(1000, 89, 3, 60, pretraining=False), None),
        (Standing(1000, 90, 3, 60, pretraining=False), Kind.TRAIN),
    ],
)
def test_what_is_due(standing: Standing, expected: Kind | None) -> None:
    assert due(standing, Slow()) is expected


def test_a_growth_of_1_means_round_after_round() -> None:
    standing = Standing(images=500, labels=100, classes=2, trained_on=100, pretraining=False)
    assert due(standing, Slow(growth=1)) is Kind.TRAIN
    assert due(standing, Slow()) is None


def test_each_failure_doubles_the_pause_up_to_an_hour() -> None:
    assert [pause_s(n) for n in (1, 2, 3)] == [30, 60, 120]
    assert pause_s(50) == 3600


def test_other_masks_are_worth_a_round_where_they_count() -> None:
    standing = Standing(images=500, labels=100, classes=2, trained_on=100, pretraining=False, repainted=True)
    assert due(standing, Slow()) is Kind.TRAIN
    assert due(standing, Slow(reasons="off")) is None
    assert due(replace(standing, repainted=False), Slow()) is None
    assert due(replace(standing, labels=20), Slow()) is None
