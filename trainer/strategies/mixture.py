"""Mixture: a Gaussian mixture in a projection learnt from triplets of labelled images; rarer components first."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Final

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor

from shared.messages import ReasonKind
from trainer.strategies.base import Floats, Integers, Query, Selection, Strategy
from trainer.strategies.herding import herding
from trainer.strategies.margin import margin_scores
from trainer.strategies.parts import in_order, look_at, principal_axes, product, rank_within
from trainer.strategies.scored import LOOK_FURTHER, defer_near_duplicates

EPOCHS: Final = 50
DIMS: Final = 32
FITTED_ON: Final = 1_000  # labelled images; of more a random part
BATCH: Final = 64
STEP: Final = 1e-3
MARGIN: Final = 0.5  # by which an image of another class is to be farther away, in squared distance of unit vectors
LOOKED_AT: Final = 10_000  # images; of a larger pool a random part
LEAST_VARIANCE: Final = 1e-3
ROUNDS: Final = 50  # of expectation maximisation at most


def mixture(query: Query, epochs: int = EPOCHS) -> Selection:
    """From each component of a Gaussian mixture the least certain images, more from rarer components.

    A linear projection is trained with triplets of labelled images; each labelled class begins a component at its
    mean; the pool is assigned to components, and each is asked in proportion to 1/size, as long as it lasts; what
    resembles an image further ahead steps back. Without labels the order is that of `herding`. Looks at LOOKED_AT
    images.
    """
    positions, x = look_at(query, LOOKED_AT)
    if not len(query.labels) or not len(x):
        return herding(query)
    rng = query.rng
    some = np.sort(rng.permutation(len(query.labels))[:FITTED_ON])
    known, labels = query.labelled[some], query.labels[some]
    axes = learn_projection(principal_axes(x, DIMS), known, labels, epochs, rng)
    components = assign(_project(x, axes), _project(known, axes), labels, rng)
    order = rarer_first(components, _merit(query, positions))[: LOOK_FURTHER * query.count]
    order = order[defer_near_duplicates(x[order], x[:0])]
    return in_order(query, positions[order], ReasonKind.UNCERTAIN)


def mixture_of(epochs: int) -> Strategy:
    """The strategy `mixture` with so many epochs of training."""
    return partial(mixture, epochs=epochs)


def rarer_first(components: Integers, merit: Floats) -> Integers:
    """The order in which components take turns in proportion to 1/size, each with its highest merit first.

    (n,), (n,) → a permutation of 0..n-1. Any prefix holds at least as many of a component as of a larger one, as far
    as it has them.
    """
    sizes = np.bincount(components)[components]
    turn = (rank_within(components, merit) + 0.5) * sizes
    return np.lexsort((components, sizes, turn))


def assign(pool: Floats, known: Floats, labels: Integers, rng: np.random.Generator) -> Integers:
    """The component of each image of the pool, (n, d) → (n,), of a mixture with one component per labelled class.

    known: (m, d) with its labels, (m,): the means that the mixture begins with. No more components than images.
    """
    classes = np.unique(labels)
    means = np.stack([known[labels == number].mean(axis=0) for number in classes])[: len(pool)]
    if len(means) < 2:
        return np.zeros(len(pool), np.int64)
    model = GaussianMixture(
        len(means),
        covariance_type="diag",
        reg_covar=LEAST_VARIANCE,
        max_iter=ROUNDS,
        means_init=means,
        init_params="random_from_data",
        random_state=int(rng.integers(2**31)),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found: Integers = model.fit_predict(pool).astype(np.int64)
    return found


def learn_projection(axes: Floats, x: Floats, labels: Integers, epochs: int, rng: np.random.Generator) -> Floats:
    """Turn `axes`, (D, d), so that images of one class lie closer together than to those of others [Schroff 2015].

    x: (m, D), labels: (m,). A class with one image only serves as the other class. Where there is no triplet at all
    the axes stay as they are.
    """
    weight = torch.from_numpy(axes.copy()).requires_grad_()
    optimiser = torch.optim.Adam([weight], STEP)
    images = torch.from_numpy(x)
    for _ in range(epochs):
        for triplets in np.array_split(draw_triplets(labels, rng), max(1, len(x) // BATCH)):
            if len(triplets):
                optimiser.zero_grad()
                _triplet_loss(images, triplets, weight).backward()  # type: ignore[no-untyped-call]
                optimiser.step()
    found: Floats = weight.detach().numpy()
    return found


def draw_triplets(labels: Integers, rng: np.random.Generator) -> Integers:
    """(image, another of its class, one of another) for each image that has both, in random order, (m,) → (k, 3)."""
    order = rng.permutation(len(labels))
    classes, codes, sizes = np.unique(labels[order], return_inverse=True, return_counts=True)
    if len(classes) < 2:
        return np.empty((0, 3), np.int64)
    by_class = np.argsort(codes, kind="stable")
    first = np.cumsum(sizes) - sizes
    place = np.empty(len(order), np.int64)
    place[by_class] = np.arange(len(order))
    anchors = np.flatnonzero(sizes[codes] > 1)
    own, size = codes[anchors], sizes[codes[anchors]]
    step = rng.integers(1, size)
    same = by_class[first[own] + (place[anchors] - first[own] + step) % size]
    other = by_class[(first[own] + size + rng.integers(0, len(order) - size)) % len(order)]
    return np.stack([order[anchors], order[same], order[other]], axis=1)


def _triplet_loss(images: Tensor, triplets: Integers, weight: Tensor) -> Tensor:
    projected = torch.nn.functional.normalize(images[torch.from_numpy(triplets)] @ weight, dim=2)
    anchor, same, other = projected.unbind(dim=1)
    near, far = (anchor - same).square().sum(dim=1), (anchor - other).square().sum(dim=1)
    return (near - far + MARGIN).relu().mean()


def _project(x: Floats, axes: Floats) -> Floats:
    projected = product(x, axes.T.copy())
    lengths = np.linalg.norm(projected, axis=1, keepdims=True)
    return np.asarray(projected / np.maximum(lengths, 1e-6), np.float32)


def _merit(query: Query, positions: Integers) -> Floats:
    if query.probs.shape[1] < 2:
        return query.rng.random(len(positions), np.float32)
    return margin_scores(query.probs[positions])
