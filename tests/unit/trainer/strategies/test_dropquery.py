from __future__ import annotations

import numpy as np

from shared.messages import ReasonKind
from tests.unit.trainer.strategies.test_parts import unit
from tests.unit.trainer.strategies.test_typiclust import spheres
from trainer.models.head import Head
from trainer.strategies import Query, select
from trainer.strategies.dropquery import changes, dropquery


def head_of(classes: int, dim: int, strength: float = 1.0) -> Head:
    weight = np.random.default_rng(9).normal(size=(classes, dim)).astype(np.float32) * np.float32(strength)
    return Head(np.arange(classes), weight, np.full(classes, 0.1, np.float32), 0.0)


def test_changes_against_a_loop_over_images_and_masks() -> None:
    x, head = unit(0, 15, 8), head_of(3, 8)
    masks = np.random.default_rng(5)
    drawn = [masks.random(x.shape, np.float32) >= 0.75 for _ in range(3)]
    for i, found in enumerate(changes(head, x, np.random.default_rng(5))):
        plain = np.argmax([w @ x[i] + b for w, b in zip(head.weight, head.bias, strict=True)])
        dropped = [head.weight @ (x[i] * mask[i] * 4) + head.bias for mask in drawn]
        assert found == sum(np.argmax(logits) != plain for logits in dropped)


def test_only_what_changes_is_asked_while_there_is_enough() -> None:
    """Half of the images have the bias alone to decide; the others lose what decides with most values dropped."""
    x = np.zeros((60, 16), np.float32)
    x[:30, 0] = 1
    x[30:] = 0.25
    weight = np.zeros((2, 16), np.float32)
    weight[0, 1:] = 1
    head = Head(np.arange(2), weight, np.array([0, 3.7], np.float32), 0.0)
    query = Query(5, head.probabilities(x), x, x[:0], np.random.default_rng(0), head=head)
    chosen = select(dropquery, query)
    assert (chosen.positions >= 30).all()
    assert set(chosen.reasons) == {ReasonKind.UNCERTAIN}


def test_without_a_head_the_clusters_of_the_pool_are_visited_and_an_asked_one_is_not() -> None:
    x = spheres(6, 20)
    query = Query(5, np.empty((120, 0), np.float32), x, x[:0], np.random.default_rng(0), asked=x[[25]])
    assert set((select(dropquery, query).positions // 20).tolist()) == {0, 2, 3, 4, 5}
