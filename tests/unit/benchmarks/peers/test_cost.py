from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.peers.cost import Cost, Limits, measure, rows
from benchmarks.query_cost import Task, write_pool
from trainer.strategies import Query, Selection
from trainer.strategies.random import random


def test_a_line_says_what_a_query_took_or_why_not() -> None:
    costs = [Cost("a", 2000, 0.123, 4567.0), Cost("b", 2000, reason="not in 120 s"), Cost("a", 10000, 1.5, 10.0)]
    assert rows(costs, [2000, 10000]) == [
        {"strategy": "a", "2,000": "0.12 s, 4,567 MB", "10,000": "1.50 s, 10 MB"},
        {"strategy": "b", "2,000": "not in 120 s", "10,000": "not tried"},
    ]


def greedy(query: Query) -> Selection:
    """Wants more memory than there is, but for the small query before."""
    bytearray(10**15 if len(query) > 400 else 1)
    return random(query)


def endless(query: Query) -> Selection:
    """Never ends, but for the small query before."""
    while len(query) > 400:
        pass
    return random(query)


@pytest.mark.long
@pytest.mark.parametrize(
    ("strategy", "reason"), [("random", ""), ("greedy", "more than 12 GB"), ("endless", "not in 1 s")]
)
def test_limits_are_kept(tmp_path: Path, strategy: str, reason: str) -> None:
    write_pool(tmp_path, 600, 8, 0)
    name = strategy if strategy == "random" else f"{__name__}:{strategy}"
    found = measure(Task(name, 600, tmp_path, 8, 5, 1, 1.0, 0), Limits(1, 12))
    assert found.reason == reason
    assert (found.seconds is not None) == (not reason)
