from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trainer.strategies.test_parts import unit
from tests.unit.trainer.strategies.test_typiclust import spheres
from trainer.strategies import Query, find_strategy, select
from trainer.strategies.mixture import assign, draw_triplets, learn_projection, rarer_first


@given(st.lists(st.integers(0, 4), max_size=30), st.integers(0, 1000))
def test_triplets_are_of_two_images_of_a_class_and_one_of_another(listed: list[int], seed: int) -> None:
    labels = np.array(listed, np.int64)
    triplets = draw_triplets(labels, np.random.default_rng(seed))
    anchors = [i for i in range(len(listed)) if listed.count(listed[i]) > 1 and len(set(listed)) > 1]
    assert sorted(triplets[:, 0].tolist()) == anchors
    for anchor, same, other in triplets:
        assert anchor != same
        assert labels[anchor] == labels[same] != labels[other]


def test_every_other_image_is_drawn() -> None:
    labels = np.array([0, 0, 0, 1, 2, 2])
    drawn = np.concatenate([draw_triplets(labels, np.random.default_rng(seed)) for seed in range(100)])
    assert {(int(a), int(b)) for a, b, _ in drawn} == {(a, b) for a in range(3) for b in range(3) if a != b} | {
        (4, 5),
        (5, 4),
    }
    assert {(int(a), int(c)) for a, _, c in drawn if a < 3} == {(a, c) for a in range(3) for c in range(3, 6)}


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(0, 70))
def test_any_prefix_has_no_fewer_of_a_rarer_component_while_it_lasts(listed: list[int], count: int) -> None:
    components = np.array(listed, np.int64)
    order = rarer_first(components, np.zeros(len(components), np.float32))
    assert sorted(order.tolist()) == list(range(len(components)))
    sizes, asked = np.bincount(components, minlength=5), np.bincount(components[order[:count]], minlength=5)
    for rare in range(5):
        for common in range(5):
            if sizes[rare] < sizes[common] and asked[rare] < sizes[rare]:
                assert asked[rare] >= asked[common]


def test_the_projection_brings_classes_apart() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 10)).astype(np.float32)
    labels = np.arange(2).repeat(30)
    x[:, 3] = (labels * 2 - 1) * 0.7
    axes = np.eye(10, 4, dtype=np.float32)[:, ::-1].copy()

    def apart(projection: np.ndarray) -> float:
        z = x @ projection
        z /= np.linalg.norm(z, axis=1, keepdims=True)
        return float(np.linalg.norm(z[:30].mean(axis=0) - z[30:].mean(axis=0)))

    assert apart(learn_projection(axes, x, labels, 300, rng)) > apart(axes) + 0.2


def test_a_class_with_one_image_ends_and_changes_nothing_by_itself() -> None:
    axes, x = np.eye(5, 2, dtype=np.float32), np.eye(5, dtype=np.float32)
    for labels in (np.arange(5), np.zeros(5, np.int64)):
        np.testing.assert_array_equal(learn_projection(axes, x, labels, 3, np.random.default_rng(0)), axes)


def test_each_image_goes_to_the_component_that_began_at_its_class() -> None:
    x = spheres(3, 30)
    found = assign(x, x[::30], np.arange(3), np.random.default_rng(0))
    assert found.tolist() == np.arange(3).repeat(30).tolist()


@pytest.mark.parametrize("count", [1, 7, 30, 62])
def test_exactly_as_many_as_asked_where_a_component_is_smaller_than_its_share(count: int) -> None:
    x = np.concatenate([spheres(3, 30)[:60], spheres(3, 30)[60:62]])
    labelled = spheres(3, 30)[[0, 30, 60, 1, 31]]
    probs = np.full((62, 3), 1 / 3, np.float32)
    query = Query(count, probs, x, labelled, np.random.default_rng(0), np.array([0, 1, 2, 0, 1]))
    chosen = select(find_strategy("mixture5"), query).positions
    assert len(set(chosen.tolist())) == count
    assert chosen[0] >= 60


def test_three_copies_of_the_closest_call_do_not_stand_next_to_each_other() -> None:
    x = unit(0, 40, 16)
    x[:3] = x[0]
    probs = np.tile(np.array([0.8, 0.2], np.float32), (40, 1))
    probs[:3] = 0.5
    query = Query(8, probs, x, x[10:14], np.random.default_rng(0), np.array([0, 0, 1, 1]))
    chosen = select(find_strategy("mixture2"), query).positions
    assert len({0, 1, 2} & set(chosen.tolist())) == 1
