from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.labelled_set import LabelledSet
from benchmarks.manual_effort import Effort, Plan, label_all, measure, next_grid, plot, pre_labels, row, summary
from benchmarks.replay import SeedPool
from shared.config import Train
from trainer.learner import Model

DIM, TRAIN, TEST = 8, 150, 10
PLAN = Plan(initial=6, batch=5, grid=20)


def made(noise: float) -> LabelledSet:
    rng = np.random.default_rng(0)
    y = np.arange(TRAIN + TEST) % 3
    x = np.eye(3, DIM)[y] + rng.normal(0, noise, (len(y), DIM))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return LabelledSet("made", "made", x.astype(np.float16), y, np.arange(len(y)) >= TRAIN, ("a", "b", "c"))


def test_seconds_are_those_of_the_definition() -> None:
    effort = Effort()
    effort.one_by_one(10, wrong=4)
    effort.in_grid(40, wrong=3)
    assert (effort.typed, effort.verified, effort.glanced) == (7, 6, 40)
    assert effort.seconds == pytest.approx(7 * 1.5 + 6 * 0.5 + 40 * 0.1)
    assert effort.curve == [(0, 0.0), (10, pytest.approx(9.0)), (50, pytest.approx(effort.seconds))]


@pytest.mark.parametrize("noise", [0.02, 0.3, 3.0])
def test_every_image_is_done_once_and_no_error_is_left(noise: float, tmp_path: Path) -> None:
    pool = SeedPool(made(noise), tmp_path)
    effort = label_all(pool, PLAN, seed=0)
    assert effort.curve[-1] == (TRAIN, pytest.approx(effort.seconds))
    assert PLAN.initial <= effort.typed <= TRAIN
    assert effort.typed + effort.verified + effort.glanced >= TRAIN
    assert effort.verified + effort.glanced <= TRAIN - PLAN.initial


def test_where_classes_are_clear_only_the_first_are_typed(tmp_path: Path) -> None:
    effort = label_all(SeedPool(made(0.02), tmp_path), PLAN, seed=0)
    assert effort.typed == PLAN.initial
    assert effort.verified + effort.glanced == TRAIN - PLAN.initial
    assert effort.verified < 4 * PLAN.batch


def test_where_nothing_can_be_learnt_grids_are_given_up(tmp_path: Path) -> None:
    effort = label_all(SeedPool(made(30.0), tmp_path), PLAN, seed=0)
    assert effort.typed > 0.4 * TRAIN
    assert effort.verified > 2 * PLAN.batch / 3
    assert effort.seconds < 1.2 * 1.5 * TRAIN


def test_a_grid_holds_the_surest_of_one_predicted_class(tmp_path: Path) -> None:
    pool = SeedPool(made(0.3), tmp_path)
    snapshot = pool.snapshot(range(12))
    model = Model().fitted(snapshot.train, pool.labels, Train())
    probs = model.probabilities(snapshot.askable)
    expected = {}
    for k in range(3):
        mine = sorted((-p[k], i) for i, p in enumerate(probs) if p.argmax() == k)[: PLAN.grid]
        expected[-sum(p for p, _ in mine)] = [i for _, i in mine]
    grid = next_grid(snapshot, model, PLAN)
    assert grid.tolist() == expected[max(expected)]
    assert len(set(pre_labels(model, snapshot)[grid])) == 1


def test_without_a_model_there_are_no_pre_labels(tmp_path: Path) -> None:
    assert set(pre_labels(Model(), SeedPool(made(0.3), tmp_path).snapshot([]))) == {-1}


def test_seeds_are_summed_up_and_drawn(tmp_path: Path) -> None:
    efforts = measure(made(0.3), PLAN, (0, 1), 60)
    figures = summary("made", efforts)
    assert (figures["images"], figures["seeds"]) == (60, 2)
    assert figures["typed"] == pytest.approx((efforts[0].typed + efforts[1].typed) / 120)
    assert figures["time"] == pytest.approx((efforts[0].seconds + efforts[1].seconds) / (2 * 60 * 1.5))
    assert row(figures)["target 12%"] == ("met" if figures["time"] <= 0.12 else "missed")
    plot("made", efforts, tmp_path / "effort.png")
    assert (tmp_path / "effort.png").read_bytes().startswith(b"\x89PNG")
