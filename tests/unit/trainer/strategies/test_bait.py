from __future__ import annotations

import numpy as np
import pytest

from tests.unit.trainer.strategies.test_parts import unit
from trainer.models.head import Head
from trainer.strategies import Query, select
from trainer.strategies.bait import FURTHER, Design, bait, spread
from trainer.strategies.base import Doubles


def case(seed: int) -> tuple[Doubles, Doubles, Doubles]:
    rows = unit(seed, 25, 6).astype(np.float64) * np.random.default_rng(seed).random((25, 1))
    known = unit(seed + 1, 4, 6).astype(np.float64)
    return rows, known.T @ known + np.eye(6) / 30, rows.T @ rows / 25


def variance(information: Doubles, target: Doubles) -> float:
    return float(np.trace(np.linalg.inv(information) @ target))


@pytest.mark.parametrize("seed", range(3))
def test_gains_are_differences_of_traces_also_after_updates(seed: int) -> None:
    rows, information, target = case(seed)
    design = Design(rows, information, target)
    for i, sign in [(3, 1), (8, 1), (11, 1), (8, -1)]:
        design.update(i, sign)
        information = information + sign * np.outer(rows[i], rows[i])
    before = variance(information, target)
    added = [before - variance(information + np.outer(v, v), target) for v in rows]
    np.testing.assert_allclose(design.gains(), added, atol=1e-8)
    for i in (3, 11):
        lost = variance(information - np.outer(rows[i], rows[i]), target) - before
        assert design.gains(-1)[i] == pytest.approx(lost, abs=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_the_choice_is_the_plain_greedy_one_forward_and_backward(seed: int) -> None:
    rows, information, target = case(seed)
    count, chosen = 4, list[int]()

    def cost(indices: list[int]) -> float:
        return variance(information + rows[indices].T @ rows[indices], target)

    while len(chosen) < FURTHER * count:
        free = [i for i in range(len(rows)) if i not in chosen]
        chosen.append(min(free, key=lambda i: cost([*chosen, i])))
    while len(chosen) > count:
        chosen.remove(min(chosen, key=lambda i: cost([j for j in chosen if j != i])))
    assert Design(rows, information, target).choose(count).tolist() == chosen


def test_certain_predictions_weigh_little() -> None:
    probs = np.array([[0.5, 0.5], [0.9, 0.1], [1, 0]], np.float32)
    np.testing.assert_allclose(spread(probs), [0.25, 0.09, 0], atol=1e-5)
    assert spread(probs[:, :0]).tolist() == [0.25] * 3


def test_what_is_labelled_or_asked_is_known_already() -> None:
    x = np.eye(4, dtype=np.float32).repeat(10, axis=0)
    head = Head(np.arange(2), np.zeros((2, 4), np.float32), np.zeros(2, np.float32), 0.0)
    similar = x[[20]] * np.float32(0.9) + np.float32(0.2)
    similar /= np.linalg.norm(similar)
    query = Query(
        2, head.probabilities(x), x, x[:10], np.random.default_rng(0), np.zeros(10, int), asked=similar, head=head
    )
    assert set((select(bait, query).positions // 10).tolist()) == {1, 3}
