from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared.messages import ReasonKind
from trainer.strategies import Query
from trainer.strategies.base import Floats
from trainer.strategies.parts import closest, in_order, look_at, principal_axes, rank_within


def unit(seed: int, n: int, dim: int) -> Floats:
    x = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def query_of(x: Floats, count: int) -> Query:
    return Query(count, np.empty((len(x), 0), np.float32), x, x[:0], np.random.default_rng(0))


def test_a_small_pool_is_looked_at_as_a_whole_a_large_one_in_part() -> None:
    x = unit(0, 50, 4)
    assert look_at(query_of(x, 5), 50)[0].tolist() == list(range(50))
    positions, found = look_at(query_of(x, 5), 20)
    assert len(set(positions.tolist())) == 20
    assert (np.diff(positions) > 0).all()
    np.testing.assert_array_equal(found, x[positions])
    assert len(look_at(query_of(x, 30), 20)[0]) == 30
    assert set(look_at(query_of(x, 3), 5, np.arange(10, 20))[0].tolist()) < set(range(10, 20))


def test_what_resembles_an_asked_image_is_left_out() -> None:
    x = unit(0, 9, 4)
    positions, _ = look_at(replace(query_of(x, 5), asked=x[[2, 7]] + 1e-4), 100)
    assert positions.tolist() == [0, 1, 3, 4, 5, 6, 8]


def test_the_closest_is_the_highest_cosine() -> None:
    x, selected = unit(0, 20, 5), unit(1, 7, 5)
    np.testing.assert_allclose(closest(x, selected, block=3), (x @ selected.T).max(axis=1), rtol=1e-5)
    assert closest(x, selected[:0]).tolist() == [-1] * 20


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), max_size=40))
def test_places_in_a_group_by_merit(images: list[tuple[int, int]]) -> None:
    groups, merit = [np.array(column) for column in zip(*images, strict=True)] or [np.zeros(0, int)] * 2
    places = rank_within(groups.astype(np.int64), merit.astype(np.float32))
    for i, (group, own) in enumerate(images):
        ahead = [j for j, (g, m) in enumerate(images) if g == group and (m > own or (m == own and j < i))]
        assert places[i] == len(ahead)


def test_an_order_is_filled_up_at_random() -> None:
    chosen = in_order(query_of(unit(0, 10, 3), 6), np.array([4, 2]), ReasonKind.DIVERSE)
    assert chosen.positions[:2].tolist() == [4, 2]
    assert len(set(chosen.positions.tolist())) == 6
    assert chosen.scores.tolist() == [1, 0.5, 0, 0, 0, 0]
    assert chosen.reasons == (ReasonKind.DIVERSE,) * 2 + (ReasonKind.RANDOM,) * 4


def test_principal_axes_agree_with_a_singular_value_decomposition() -> None:
    x = unit(0, 30, 6) * np.array([3, 2.5, 2, 1.5, 1, 0.5], np.float32)
    _, _, expected = np.linalg.svd(x, full_matrices=False)
    np.testing.assert_allclose(np.abs(np.diag(expected[:3] @ principal_axes(x, 3))), 1, atol=1e-3)
