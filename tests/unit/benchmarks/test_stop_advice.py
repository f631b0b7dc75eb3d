from __future__ import annotations

import numpy as np

from benchmarks.labelled_set import LabelledSet
from benchmarks.stop_advice import STEP, Step, part_of_training, replay, table
from shared.config import Advice
from tests.unit.trainer.models.test_head import blobs
from trainer.advice import AdviceState
from trainer.strategies import STRATEGIES


def blob_set(n: int = 160) -> LabelledSet:
    x, y = blobs(n, 12, 3)
    return LabelledSet("blobs", "", x.astype(np.float16), y, np.arange(n) < 60, ("a", "b", "c"))


def test_a_replay_has_a_step_for_each_batch_and_looks_as_often_as_configured() -> None:
    steps = replay(blob_set(), STRATEGIES["random"], 60, Advice(every=20), 0)
    assert [step.labels for step in steps] == list(range(STEP, 61, STEP))
    assert [step.figures.labels for step in steps] == [0, 20, 20, 40, 40, 60]
    assert all(0 <= step.accuracy <= 1 for step in steps)


def test_a_table_says_where_each_rule_held_first() -> None:
    holding = ({}, {"change"}, {"stable", "change"})
    run = [Step(10 * i + 10, 0.5 + i / 10, frozenset(rules), AdviceState()) for i, rules in enumerate(holding)]
    rows = {row["rule"]: row for row in table(blob_set(), [run, run[:1]])}
    assert (rows["change"]["stopped"], rows["change"]["labels"]) == ("1 of 2", "20 (20–20)")
    assert (rows["change"]["accuracy"], rows["change"]["lost"]) == ("0.600", "+0.100")
    assert rows["any two"]["labels"] == "30 (30–30)"
    assert rows["entropy"]["accuracy"] == "–"


def test_constants_are_chosen_without_the_test_part() -> None:
    source = blob_set()
    part = part_of_training(source)
    assert len(part.y) == 100
    assert 20 < part.test.sum() < 50
    np.testing.assert_array_equal(part.x, source.x[60:])
