from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from benchmarks.labelled_set import LabelledSet
from benchmarks.replay import Protocol, Schedule, SeedPool, drawn, replay, replay_seeds
from shared.config import Train
from shared.errors import ConfigError
from shared.messages import ReasonKind
from trainer.strategies import Query, Selection, find_strategy

DIM, TRAIN, TEST = 8, 90, 30


@pytest.fixture
def source() -> LabelledSet:
    rng = np.random.default_rng(0)
    y = np.arange(TRAIN + TEST) % 3
    x = np.eye(3, DIM)[y] + rng.normal(0, 0.35, (len(y), DIM))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return LabelledSet("made", "made", x.astype(np.float16), y, np.arange(len(y)) >= TRAIN, ("a", "b", "c"))


def in_order(query: Query) -> Selection:
    """The first images of the pool."""
    return Selection(np.arange(query.count), np.zeros(query.count), (ReasonKind.RANDOM,) * query.count)


@pytest.mark.parametrize(
    ("protocol", "available", "sizes"),
    [
        (Protocol(6, 6, 30), 100, [6, 6, 6, 6, 6]),
        (Protocol(10, 20, 45), 100, [10, 20, 15]),
        (Protocol(10, 10, 100), 25, [10, 10, 5]),
        (Protocol(50, 10, 20), 100, [20]),
        (Protocol(1, 1, 3), 100, [1, 1, 1]),
    ],
)
def test_batches_end_at_the_budget(protocol: Protocol, available: int, sizes: list[int]) -> None:
    assert protocol.batches(available) == sizes


def test_a_seed_draws_its_own_pool_and_keeps_the_test_part(source: LabelledSet) -> None:
    pools = [drawn(source, 40, seed) for seed in (0, 0, 1)]
    assert all((~pool.test).sum() == 40 and pool.test.sum() == TEST for pool in pools)
    assert (pools[0].x == pools[1].x).all()
    assert not (pools[0].x[:40] == pools[2].x[:40]).all()
    assert (pools[0].x[40:] == pools[2].x[40:]).all()
    assert (~drawn(source, None, 0).test).sum() == TRAIN


def test_the_snapshot_is_what_the_trainer_would_see(source: LabelledSet, tmp_path: Path) -> None:
    pool = SeedPool(drawn(source, 40, 0), tmp_path)
    snapshot = pool.snapshot([3, 5])
    assert snapshot.train.numbers.tolist() == [3, 5]
    assert snapshot.test.numbers.tolist() == list(range(40, 70))
    assert sorted(snapshot.askable.numbers.tolist()) == [n for n in range(40) if n not in (3, 5)]
    assert len(pool.snapshot([]).askable) == 40


@pytest.mark.parametrize("balanced", [True, False])
def test_the_accuracy_is_that_of_scikit_learns_head(source: LabelledSet, tmp_path: Path, balanced: bool) -> None:
    protocol = Protocol(9, 9, 45, train=Train(C=30, class_balanced=balanced))
    part = drawn(source, 50, 1)
    run = replay(Schedule("x", lambda _: in_order), SeedPool(part, tmp_path), protocol, 1)
    assert run.labels == [9, 18, 27, 36, 45]
    x, test = part.x.astype(np.float32), part.test
    for n, found in zip(run.labels, run.accuracy, strict=True):
        model = LogisticRegression(C=30, class_weight="balanced" if balanced else None, tol=1e-8, max_iter=5000)
        assert found == pytest.approx(model.fit(x[:n], part.y[:n]).score(x[test], part.y[test]), abs=1 / TEST + 1e-9)


def test_a_chain_uses_its_first_strategy_for_the_first_batch_only(source: LabelledSet, tmp_path: Path) -> None:
    batches: list[tuple[str, int, int]] = []

    def find(name: str) -> object:
        def strategy(query: Query) -> Selection:
            batches.append((name, len(query.labelled), query.count))
            return in_order(query)

        return strategy

    replay(Schedule("a > b", find), SeedPool(source, tmp_path), Protocol(4, 6, 16), 0)
    assert batches == [("a", 0, 4), ("b", 4, 6), ("b", 10, 6)]


def test_a_query_carries_what_the_protocol_says(source: LabelledSet, tmp_path: Path) -> None:
    seen: list[Query] = []

    def strategy(query: Query) -> Selection:
        seen.append(query)
        return in_order(query)

    part = drawn(source, 30, 0)
    replay(Schedule("x", lambda _: strategy), SeedPool(part, tmp_path), Protocol(5, 5, 10, train=Train(C=7)), 0)
    assert [query.count for query in seen] == [5, 5]
    assert seen[1].c == 7
    assert seen[1].probs.shape == (25, len(set(part.y[:5].tolist())))
    assert seen[1].labels.tolist() == np.unique(part.y[:5], return_inverse=True)[1].tolist()


def curves(source: LabelledSet, jobs: int) -> list[tuple[list[float], list[float]]]:
    runs = replay_seeds(source, ["random", "margin"], find_strategy, Protocol(6, 6, 24, pool=60), 2, jobs)
    return [(run["random"].accuracy, run["margin"].accuracy) for run in runs]


def test_a_run_is_the_same_again(source: LabelledSet) -> None:
    first = curves(source, 1)
    assert first == curves(source, 1)
    assert first[0] != first[1]


@pytest.mark.long
def test_a_run_is_the_same_in_processes_of_its_own(source: LabelledSet) -> None:
    assert curves(source, 1) == curves(source, 2)


def test_random_images_take_the_share_that_explore_says(source: LabelledSet) -> None:
    plain, mixed = (
        [run["margin"].accuracy for run in replay_seeds(source, ["margin"], find_strategy, protocol, 3, 1)]
        for protocol in (Protocol(6, 6, 36), replace(Protocol(6, 6, 36), explore=0.9))
    )
    assert plain != mixed


def test_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected one of"):
        Schedule("margin>nonsense", find_strategy)
