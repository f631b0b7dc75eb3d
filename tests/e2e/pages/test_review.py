"""The Review page's tables, made from what the labeler answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import Modules

pytestmark = pytest.mark.browser

TABLE = {"confusion": [[0, 0, 5], [0, 2, 3], [1, 1, 4], [2, 0, 1]]}
NAMES = ["cat", "dog", "owl"]
MATRIX = "(m, table, names, chosen) => m.matrixOf(table, names, new Set(chosen))"


def test_rows_are_true_and_columns_predicted_in_class_order(modules: Modules) -> None:
    matrix = modules.run("core/review.js", MATRIX, TABLE, NAMES, ["owl", "dog", "cat"])
    assert (matrix["rows"], matrix["columns"]) == (NAMES, NAMES)
    assert [[cell["count"] for cell in row] for row in matrix["cells"]] == [[5, 0, 3], [0, 4, 0], [1, 0, 0]]
    assert [cell["part"] for cell in matrix["cells"][0]] == [5 / 8, 0, 3 / 8]


def test_what_is_not_chosen_comes_together_in_one_column(modules: Modules) -> None:
    matrix = modules.run("core/review.js", MATRIX, TABLE, NAMES, ["cat", "dog"])
    assert (matrix["rows"], matrix["columns"]) == (["cat", "dog"], ["cat", "dog", "others"])
    assert [[cell["count"] for cell in row] for row in matrix["cells"]] == [[5, 0, 3], [0, 4, 0]]
    alone = modules.run("core/review.js", MATRIX, TABLE, NAMES, ["dog"])
    assert (alone["columns"], alone["cells"][0][0]["part"]) == (["dog"], 1)
    assert modules.run("core/review.js", MATRIX, TABLE, NAMES, [])["cells"] == []


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(["answer", "pass", "undo"]), max_size=12))
def test_no_image_is_lost_between_answers_passes_and_undos(modules: Modules, steps: list[str]) -> None:
    start: dict[str, Any] = {"waiting": ["a", "b", "c"], "done": []}
    run = """(m, round, steps) => {
      for (const [n, step] of steps.entries()) {
        if (step === "undo") round = m.undone(round);
        else if (round.waiting.length) round = step === "pass" ? m.passed(round) : m.answered(round, String(n));
      }
      return round;
    }"""
    end = modules.run("core/review.js", run, start, steps)
    assert sorted(end["waiting"] + [entry["task"] for entry in end["done"]]) == ["a", "b", "c"]
    undo = modules.run("core/review.js", run, end, ["undo"] * 12)
    assert sorted(undo["waiting"]) == ["a", "b", "c"]
    assert undo["done"] == []


def test_an_undone_image_comes_first_again(modules: Modules) -> None:
    start = {"waiting": ["a", "b"], "done": []}
    once = modules.call("core/review.js", "answered", start, "1")
    assert once == {"waiting": ["b"], "done": [{"task": "a", "id": "1"}]}
    assert modules.call("core/review.js", "undone", once) == start
    assert modules.call("core/review.js", "undone", start) == start
    assert modules.call("core/review.js", "passed", start)["waiting"] == ["b", "a"]
