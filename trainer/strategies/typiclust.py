"""TypiClust: the most typical image of each cluster without a label [Hacohen et al. 2022]."""

from __future__ import annotations

from typing import Final

import numpy as np

from shared.messages import ReasonKind
from trainer.strategies.base import Floats, Integers, Query, Selection
from trainer.strategies.clusters import k_means, projected
from trainer.strategies.parts import in_order, look_at, product, rank_within

LOOKED_AT: Final = 10_000  # images; of a larger pool a random part
CLUSTERS: Final = 500  # at most
SMALL: Final = 5  # images; smaller clusters are noise and come last
NEIGHBOURS: Final = 20
COMPARED: Final = 2_000  # images of one cluster; of a larger one a random part


def typiclust(query: Query) -> Selection:
    """From the clusters with the fewest selected images, the larger first, the most typical image.

    There are as many clusters as labelled, asked and wanted images together, at most CLUSTERS. Needs no model.
    Looks at LOOKED_AT images, which are clustered together with the labelled and asked ones, in a random projection.
    """
    positions, x = look_at(query, LOOKED_AT)
    if not len(x):
        return in_order(query, positions, ReasonKind.DIVERSE)
    selected = query.selected()
    everything = projected(np.concatenate([x, selected]), query.rng)
    found, centres = k_means(everything, min(CLUSTERS, len(selected) + query.count), query.rng)
    clusters = found[: len(x)]
    sizes = np.bincount(clusters, minlength=len(centres))
    covered = np.bincount(found[len(x) :], minlength=len(centres))
    turn = covered[clusters] + rank_within(clusters, _typicality_by_cluster(x, clusters, query.rng))
    order = np.lexsort((clusters, -sizes[clusters], turn, sizes[clusters] < SMALL))
    return in_order(query, positions[order], ReasonKind.DIVERSE)


def typicality(x: Floats) -> Floats:
    """1 / (mean distance to the nearest neighbours), of which there are NEIGHBOURS, or half of a smaller cluster.

    x: (n, D) unit vectors of one cluster. Returns (n,).
    """
    neighbours = max(1, min(NEIGHBOURS, len(x) // 2))
    distances = np.sqrt(np.maximum(2 - 2 * product(x, x), 0))
    np.fill_diagonal(distances, np.inf)
    if len(x) == 1:
        return np.ones(1, np.float32)
    nearest = np.partition(distances, neighbours - 1, axis=1)[:, :neighbours]
    return np.asarray(1 / (nearest.mean(axis=1) + 1e-5), np.float32)


def _typicality_by_cluster(x: Floats, clusters: Integers, rng: np.random.Generator) -> Floats:
    found = np.zeros(len(x), np.float32)
    for cluster in np.unique(clusters):
        members = rng.permutation(np.flatnonzero(clusters == cluster))[:COMPARED]
        found[members] = typicality(x[members])
    return found
