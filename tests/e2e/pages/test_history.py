"""The history of evaluations that pages keep: what came while nobody listened is fetched."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Modules
from .test_curves import row

pytestmark = pytest.mark.browser

# The labeler answers GET /api/metrics with `served`; `steps` are calls of the history, one after the other.
RUN = """async (m, served, steps) => {
  const calls = [];
  window.fetch = async (url) => {
    calls.push(String(url));
    return new Response(JSON.stringify({history: served}), {headers: {"Content-Type": "application/json"}});
  };
  let changes = 0;
  const history = new m.History(() => changes++);
  for (const [name, ...args] of steps) await history[name](...args);
  return {times: history.rows.map(r => r.time), calls: calls.length, changes};
}"""


def run(modules: Modules, served: list[dict[str, Any]], *steps: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = modules.run("app/history.js", RUN, served, list(steps))
    return found


ROWS = [row(10, 100, 0.5), row(20, 200, 0.6), row(30, 300, 0.7)]


def test_a_row_that_nobody_heard_of_is_fetched_once(modules: Modules) -> None:
    state = {"metrics": ROWS[2]["metrics"]}
    found = run(modules, ROWS, ["add", ROWS[0]], ["take", state], ["take", state])
    assert found == {"times": [100, 200, 300], "calls": 1, "changes": 2}


def test_nothing_is_fetched_where_the_newest_row_is_known(modules: Modules) -> None:
    found = run(
        modules, ROWS, ["load"], ["add", row(40, 400, 0.9)], ["take", {"metrics": row(40, 400, 0.9)["metrics"]}]
    )
    assert found == {"times": [100, 200, 300, 400], "calls": 1, "changes": 2}


def test_a_row_that_comes_twice_is_kept_once_and_what_is_loaded_joins_it(modules: Modules) -> None:
    again = {**ROWS[1], "time": 250}
    found = run(modules, ROWS[:1], ["add", ROWS[1]], ["add", again], ["load"])
    assert found["times"] == [100, 250]


def test_a_long_history_is_thinned_where_it_is_old(modules: Modules) -> None:
    many = [row(i, i, 0.5, seq=i + 1) for i in range(4000)]
    found = run(modules, many, ["load"], ["add", row(5000, 5000, 0.5)])
    assert found["times"][-1] == 5000
    assert 2900 < len(found["times"]) < 3100
