"""What the strategies that compare images with each other have in common: reading a part of the pool, and the order."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from shared.messages import ReasonKind
from trainer.strategies.base import Doubles, Floats, Integers, Query, Selection
from trainer.strategies.scored import LOOK_FURTHER, NEAR_DUPLICATE

Flags = npt.NDArray[np.bool_]

SOME: Final = 100  # images more, where few are wanted


def look_at(query: Query, most: int, among: Integers | None = None) -> tuple[Integers, Floats]:
    """The images a strategy chooses among: their positions, ascending, and their embeddings, (n,), (n, D).

    All images (or those `among`, ascending), or a random part where there are more than `most` and more than the
    count; without those that resemble an image that is being asked already.
    """
    positions = np.arange(len(query)) if among is None else among
    most = max(most, query.count)
    if len(positions) > most:
        positions = np.sort(query.rng.permutation(positions)[:most])
    x = query.embeddings[positions]
    late = is_asked(query, x)
    return (positions[~late], x[~late]) if late.any() else (positions, x)


def is_asked(query: Query, x: Floats) -> Flags:
    """Which rows of x resemble an image that is being asked, (n, D) → (n,)."""
    if query.asked is None:
        return np.zeros(len(x), bool)
    return closest(x, query.asked[np.arange(len(query.asked))]) > NEAR_DUPLICATE


def product(a: Floats, b: Floats) -> Floats:
    """a bᵀ, (n, D), (m, D) → (n, m), on all of torch's threads."""
    found: Floats = torch.mm(torch.from_numpy(a), torch.from_numpy(b).T).numpy()
    return found


def principal_axes(x: Floats, dims: int) -> Floats:
    """The directions of greatest mean square, not centred, (D, min(dims, D))."""
    _, vectors = np.linalg.eigh(product(x.T.copy(), x.T.copy()).astype(np.float64))
    return np.asarray(vectors[:, ::-1][:, :dims], np.float32)


def closest(x: Floats, selected: Floats, block: int = 1024) -> Floats:
    """The cosine of each row of x and the row of `selected` most like it, -1 where there is none, (n,)."""
    found = np.full(len(x), -1, np.float32)
    for start in range(0, len(selected), block):
        np.maximum(found, product(x, selected[start : start + block]).max(axis=1), out=found)
    return found


def rank_within(groups: Integers, merit: Floats) -> Integers:
    """Of each image its place in its group, 0 for the highest merit; ties keep their order. (n,), (n,) → (n,)."""
    order = np.lexsort((-merit, groups))
    sizes = np.bincount(groups)
    firsts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    places = np.empty(len(groups), np.int64)
    places[order] = np.arange(len(groups)) - firsts
    return places


def in_order(query: Query, positions: Integers, kind: ReasonKind, scores: Doubles | None = None) -> Selection:
    """`positions`, best first, filled up to the count with random others, which have the reason `random`.

    Of these, what resembles an asked image comes last.

    scores: those of `positions`, falling and not negative; where the order says all there is to say they fall evenly
    from 1 to above 0.
    """
    positions = positions[: query.count]
    missing = min(query.count, len(query)) - len(positions)
    if scores is None:
        scores = np.arange(len(positions), 0, -1) / max(1, len(positions))
    others = _left_over(query, positions, missing) if missing else positions[:0]
    return Selection(
        np.concatenate([positions, others]),
        np.concatenate([scores[: len(positions)], np.zeros(missing)]),
        (kind,) * len(positions) + (ReasonKind.RANDOM,) * missing,
    )


def _left_over(query: Query, positions: Integers, count: int) -> Integers:
    others = np.ones(len(query), bool)
    others[positions] = False
    shortlist = query.rng.permutation(np.flatnonzero(others))[: LOOK_FURTHER * count + SOME]
    late = is_asked(query, query.embeddings[shortlist])
    return shortlist[np.argsort(late, kind="stable")][:count]
