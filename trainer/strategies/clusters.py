"""k-means++ and k-means, for strategies that spread their choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from trainer.strategies.base import Doubles, Floats, Integers
from trainer.strategies.parts import product

Flags = npt.NDArray[np.bool_]

DIMS: Final = 256
ROUNDS: Final = 20  # of Lloyd's algorithm at most


def projected(x: Floats, rng: np.random.Generator) -> Floats:
    """A random projection to DIMS dimensions, which keeps distances within a few per cent [Johnson & Lindenstrauss].

    (n, D) → (n, DIMS); x itself where it has no more.
    """
    if x.shape[1] <= DIMS:
        return x
    return product(x, rng.standard_normal((DIMS, x.shape[1]), np.float32) / np.float32(DIMS**0.5))


def k_means(x: Floats, count: int, rng: np.random.Generator) -> tuple[Integers, Floats]:
    """Lloyd's algorithm from a k-means++ start, at most ROUNDS rounds.

    x: (n, D), n ≥ 1. Returns the cluster of each row, (n,), and the centres, (min(count, n), D). Clusters may be
    empty where rows are equal.
    """
    lengths = (x**2).sum(axis=1)

    def distance_to(i: int) -> Floats:
        return np.asarray(np.maximum(lengths + lengths[i] - 2 * product(x, x[i : i + 1])[:, 0], 0), np.float32)

    nothing = np.full(len(x), np.inf, np.float32)
    centres = x[plus_plus(distance_to, nothing, int(rng.integers(len(x))), count, rng)]
    clusters = cluster_of(x, centres)
    for _ in range(ROUNDS):
        centres = _means(x, clusters, centres)
        before, clusters = clusters, cluster_of(x, centres)
        if (before == clusters).all():
            break
    return clusters, centres


def cluster_of(x: Floats, centres: Floats) -> Integers:
    """The nearest centre of each row, (n, D), (K, D) → (n,)."""
    closeness = product(x, centres) - (centres**2).sum(axis=1) / 2
    return np.asarray(closeness.argmax(axis=1), np.int64)


def plus_plus(
    distance_to: Callable[[int], Floats], nearest: Floats, first: int, count: int, rng: np.random.Generator
) -> Integers:
    """k-means++: each with a chance in proportion to its squared distance to the nearest chosen [Arthur 2007].

    distance_to(i): the squared distance of every point to the i-th, (n,). nearest: that to what is chosen already,
    infinite where nothing is; then `first` comes first. Where all are at distance 0 the rest is uniform.
    Returns min(count, n) distinct points.
    """
    distances: Doubles = nearest.astype(np.float64)
    free = np.ones(len(nearest), bool)
    order: list[int] = []
    while len(order) < min(count, len(nearest)):
        i = _draw(distances, free, rng) if np.isfinite(distances).all() else first
        order.append(i)
        free[i] = False
        np.minimum(distances, distance_to(i), out=distances)
    return np.array(order, np.int64)


def _draw(weights: Doubles, free: Flags, rng: np.random.Generator) -> int:
    allowed = np.flatnonzero(free)
    sums = np.cumsum(weights[allowed])
    if sums[-1] <= 0:
        return int(rng.choice(allowed))
    place = np.searchsorted(sums, rng.random() * sums[-1], side="right")
    return int(allowed[min(int(place), len(allowed) - 1)])


def _means(x: Floats, clusters: Integers, centres: Floats) -> Floats:
    """The mean of each cluster; an empty one keeps its centre."""
    order = np.argsort(clusters, kind="stable")
    present, firsts, sizes = np.unique(clusters[order], return_index=True, return_counts=True)
    means = centres.copy()
    means[present] = np.add.reduceat(x[order], firsts, axis=0) / sizes[:, None]
    return means
