from __future__ import annotations

from dataclasses import replace

import numpy as np

from shared.messages import ReasonKind
from trainer.strategies import STRATEGIES, Query, select
from trainer.strategies.base import Floats, Integers
from trainer.strategies.cover import kernel_width

uherding = STRATEGIES["uherding"]


def unit(x: Floats) -> Floats:
    return np.asarray(x / np.linalg.norm(x, axis=1, keepdims=True), np.float32)


def query_of(images: int, labelled: int, count: int, seed: int = 0, classes: int = 3) -> Query:
    rng = np.random.default_rng(seed)
    x = unit(rng.normal(size=(images, 6)))
    return Query(
        count=count,
        probs=rng.dirichlet(np.full(classes, 0.4), images).astype(np.float32),
        embeddings=x,
        labelled=unit(rng.normal(size=(labelled, 6))),
        rng=rng,
    )


def by_the_formula(query: Query) -> Integers:
    """Σ_j U_j · max(0, k(x_j, x) − max_s k(x_j, s)), maximised step by step with plain loops."""
    x = np.asarray(query.embeddings[np.arange(len(query))], np.float64)
    width = kernel_width(x.astype(np.float32))
    ordered = np.sort(query.probs, axis=1)
    uncertainty = 1 - (ordered[:, -1] - ordered[:, -2])

    def kernel(a: Floats, b: Floats) -> float:
        return float(np.exp(-((a - b) ** 2).sum() / (2 * width**2)))

    selected = list(np.asarray(query.labelled[np.arange(len(query.labelled))], np.float64))
    order: list[int] = []
    for _ in range(query.count):
        gains = np.full(len(x), -np.inf)
        for i in set(range(len(x))) - set(order):
            gains[i] = sum(
                u * max(0.0, kernel(xj, x[i]) - max((kernel(xj, s) for s in selected), default=0.0))
                for u, xj in zip(uncertainty, x, strict=True)
            )
        order.append(int(gains.argmax()))
        selected.append(x[order[-1]])
    return np.array(order)


def test_a_small_pool_is_ordered_by_the_formula() -> None:
    for seed in range(3):
        query = query_of(25, 4, 6, seed)
        assert select(uherding, query).positions.tolist() == by_the_formula(query).tolist()


def test_without_a_model_it_covers_the_pool_as_herding_does() -> None:
    query = replace(query_of(40, 3, 8), probs=np.empty((40, 0), np.float32))
    first, second = select(uherding, query), select(STRATEGIES["herding"], replace(query, candidates=40, landmarks=40))
    assert first.positions.tolist() == second.positions.tolist()
    assert set(first.reasons) == {ReasonKind.DIVERSE}


def test_a_rare_uncertain_group_of_a_large_pool_is_found() -> None:
    rng = np.random.default_rng(1)
    x = unit(rng.normal(size=(20_000, 8)))
    rare = np.arange(20)
    x[rare] = unit(np.eye(8)[0] + 0.1 * rng.normal(size=(20, 8)))
    probs = np.full((20_000, 2), (0.999, 0.001), np.float32)
    probs[rare] = 0.5
    query = Query(5, probs, x, x[-100:], rng, candidates=100, landmarks=100)
    assert select(uherding, query).positions[0] in rare


def test_the_reason_is_the_larger_of_what_is_unknown_and_what_is_uncertain() -> None:
    labelled = np.eye(3, dtype=np.float32)[:1]
    x = unit(np.array([[1, 0.05, 0], [0, 0.02, 1]], np.float32))
    probs = np.array([[0.5, 0.5], [0.7, 0.3]], np.float32)
    chosen = select(uherding, Query(2, probs, x, labelled, np.random.default_rng(0)))
    assert dict(zip(chosen.positions.tolist(), chosen.reasons, strict=True)) == {
        0: ReasonKind.UNCERTAIN,
        1: ReasonKind.DIVERSE,
    }


def test_a_pool_of_which_everything_is_certain_is_ordered_all_the_same() -> None:
    query = query_of(60, 5, 10)
    certain = np.eye(3, dtype=np.float32)[np.arange(60) % 3]
    assert len(select(uherding, replace(query, probs=certain, candidates=20, landmarks=20)).positions) == 10
