from __future__ import annotations

import multiprocessing

import numpy as np
import pytest

from benchmarks.query_cost import LABELS, OTHERS, UHERDING, Cost, Target, Task, _received, measure, open_query, row
from benchmarks.query_cost import write_pool as write

DIM, POOL = 16, 400


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    folder = tmp_path_factory.mktemp("pool")
    write(folder, POOL, DIM, seed=0)
    return Task("margin", POOL, folder, DIM, count=7, repeats=2, limit_s=100, seed=0)


def test_the_query_is_what_the_trainer_would_ask(task: Task) -> None:
    query, seconds = open_query(task)
    assert (query.count, len(query), len(query.labelled)) == (7, POOL - LABELS, LABELS)
    assert seconds > 0
    vectors = query.embeddings[np.arange(len(query))]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=2e-3)
    assert (vectors >= 0).all()
    fitted = query.head.probabilities(query.labelled[np.arange(LABELS)]).argmax(axis=1)
    assert (fitted == query.labels).mean() > 0.6


def test_a_process_of_its_own_says_what_a_query_takes(task: Task) -> None:
    cost = measure(task)
    assert cost.repeats == 2
    assert cost.seconds is not None and cost.seconds > 0
    assert cost.cpu_s is not None and cost.cpu_s > 0
    assert cost.mb is not None and cost.mb >= 0
    assert cost.score_s is not None and cost.score_s > 0


def test_what_does_not_come_in_time_is_not_waited_for() -> None:
    receive, send = multiprocessing.Pipe(duplex=False)
    send.send(1.0)
    assert list(_received(receive, 3, 0.01)) == [1.0]
    send.close()
    assert list(_received(receive, 3, 100)) == []


@pytest.mark.parametrize(
    ("target", "cost", "verdict"),
    [
        (Target(), Cost(1, 99, 2, 9_999, 1), "-"),
        (Target(10), Cost(1, 10, 2, 9_999, 1), "met"),
        (Target(10), Cost(1, 10.1, 2, 1, 1), "missed"),
        (Target(10), Cost(1, None, None, None, 0), "missed"),
        (UHERDING[100_000], Cost(1, 0.4, 2, 1_400, 1), "met"),
        (UHERDING[100_000], Cost(1, 0.4, 2, 1_600, 1), "missed"),
        (OTHERS[100_000], Cost(1, 9, 2, 1_600, 1), "met"),
    ],
)
def test_targets(target: Target, cost: Cost, verdict: str) -> None:
    assert target.judge(cost) == verdict


def test_a_line_says_what_did_not_end(task: Task) -> None:
    assert row(task, Cost(0.5, None, None, None, 0))["query s"] == "not in 100 s"
    assert row(task, Cost(None, None, None, None, 0))["query s"] == "failed"
    assert row(task, Cost(0.5, 0.25, 0.3, 12.4, 3)) == {
        "strategy": "margin",
        "pool": "400",
        "score s": "0.500",
        "query s": "0.250",
        "processor s": "0.300",
        "added MB": "12",
        "target": "-",
    }
