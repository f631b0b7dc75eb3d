from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.messages import ReasonKind
from trainer.strategies import Query, Selection, explore, select


def in_order(query: Query) -> Selection:
    """0, 1, 2, …, as a strategy whose order is easy to recognise."""
    positions = np.arange(min(query.count, len(query)))
    return Selection(positions, -positions.astype(np.float64), (ReasonKind.DIVERSE,) * len(positions))


def ask(share: float, images: int, count: int, seed: int) -> Selection:
    empty = np.zeros((images, 2), np.float32)
    return select(explore(in_order, share), Query(count, empty, empty, empty[:0], np.random.default_rng(seed)))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 60), st.integers(1, 80), st.floats(0, 1), st.integers(0, 1000))
def test_asked_for_all_it_is_a_permutation_and_the_rest_keeps_its_order(
    images: int, count: int, share: float, seed: int
) -> None:
    chosen = ask(share, images, count, seed)
    kept = [p for p, reason in zip(chosen.positions, chosen.reasons, strict=True) if reason is ReasonKind.DIVERSE]
    assert kept == sorted(kept)
    assert len(set(chosen.positions.tolist())) == min(images, count)


def test_without_exploring_nothing_changes() -> None:
    chosen = ask(0.0, 30, 10, 0)
    assert chosen.positions.tolist() == list(range(10))
    assert set(chosen.reasons) == {ReasonKind.DIVERSE}


def test_the_share_is_kept_and_random_images_are_uniform() -> None:
    drawn = np.zeros(50)
    total = 0
    for seed in range(400):
        chosen = ask(0.2, 50, 20, seed)
        random = [p for p, reason in zip(chosen.positions, chosen.reasons, strict=True) if reason is ReasonKind.RANDOM]
        total += len(random)
        drawn[random] += 1
    assert abs(total / (400 * 20) - 0.2) < 0.02
    assert drawn.min() > 0.5 * drawn.mean()
    assert drawn.max() < 1.7 * drawn.mean()
