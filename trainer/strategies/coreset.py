"""CoreSet: k-center greedy [Sener & Savarese 2018]."""

from __future__ import annotations

from typing import Final

import numpy as np

from shared.messages import ReasonKind
from trainer.strategies.base import Doubles, Floats, Integers, Query, Selection
from trainer.strategies.parts import closest, in_order, look_at, product

LOOKED_AT: Final = 20_000  # images; of a larger pool a random part


def coreset(query: Query) -> Selection:
    """The image farthest from all that are selected, one after the other.

    Labelled and asked images are selected; where there are none, the most central image comes first. Looks at
    LOOKED_AT images: the cost is their number times that of the selected ones.
    """
    positions, x = look_at(query, LOOKED_AT)
    order, distances = farthest_first(x, closest(x, query.selected()), min(query.count, len(x)))
    return in_order(query, positions[order], ReasonKind.DIVERSE, distances)


def farthest_first(x: Floats, nearest: Floats, count: int) -> tuple[Integers, Doubles]:
    """Greedily the row whose nearest selected neighbour is farthest away.

    x: (n, D) unit vectors. nearest: the cosine of each and the selected vector most like it, -1 where nothing is
    selected, (n,). Returns the order and the distance of each when it was chosen, (count,).
    """
    nearest = nearest.copy()
    order: list[int] = []
    cosines: list[float] = []
    while len(order) < count:
        is_first = not order and bool((nearest <= -1).all())
        i = int(np.argmax(x @ x.mean(axis=0))) if is_first else int(np.argmin(nearest))
        order.append(i)
        cosines.append(float(nearest[i]))
        np.maximum(nearest, product(x, x[i : i + 1])[:, 0], out=nearest)
        nearest[i] = np.inf
    return np.array(order, np.int64), np.sqrt(np.maximum(2 - 2 * np.array(cosines), 0))
