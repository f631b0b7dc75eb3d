"""BADGE: k-means++ on the gradients of the last layer [Ash et al. 2020]."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from shared.messages import ReasonKind
from trainer.strategies.base import Floats, Query, Selection
from trainer.strategies.clusters import plus_plus
from trainer.strategies.parts import in_order, look_at, product

LOOKED_AT: Final = 20_000  # images; of a larger pool a random part


def badge(query: Query) -> Selection:
    """Images whose gradients (p − e_ŷ) ⊗ φ are long and different from each other, drawn by k-means++.

    ŷ is the predicted class. The gradient of an asked image counts as chosen. Where there are fewer than two classes
    the embedding stands for the gradient: k-means++ on the pool. Looks at LOOKED_AT images.
    """
    positions, x = look_at(query, LOOKED_AT)
    residual = residuals(query.probs[positions])
    lengths = (residual**2).sum(axis=1)

    def distance_to(a: Floats, phi: Floats) -> Floats:
        return squared_distances(residual, x, lengths, a, phi)

    nearest = np.full(len(x), np.inf, np.float32)
    for a, phi in _asked_gradients(query, residual.shape[1]):
        np.minimum(nearest, distance_to(a, phi), out=nearest)
    first = int(np.argmax(lengths)) if len(x) else 0
    order = plus_plus(lambda i: distance_to(residual[i], x[i]), nearest, first, query.count, query.rng)
    return in_order(query, positions[order], ReasonKind.UNCERTAIN)


def _asked_gradients(query: Query, classes: int) -> Iterator[tuple[Floats, Floats]]:
    """Both factors of each asked image's gradient, as far as there is a head to predict it."""
    if query.asked is None or query.head is None or len(query.head.classes) != classes:
        return
    x = query.asked[np.arange(len(query.asked))]
    yield from zip(residuals(query.head.probabilities(x)), x, strict=True)


def residuals(probs: Floats) -> Floats:
    """p − e_ŷ, (N, K) → (N, K); all ones, (N, 1), where there are fewer than two classes and it would be 0."""
    if probs.shape[1] < 2:
        return np.ones((len(probs), 1), np.float32)
    residual = probs.copy()
    residual[np.arange(len(probs)), probs.argmax(axis=1)] -= 1
    return residual


def squared_distances(residual: Floats, x: Floats, lengths: Floats, a: Floats, phi: Floats) -> Floats:
    """‖a_i ⊗ x_i − a ⊗ φ‖² = ‖a_i‖² + ‖a‖² − 2 (a_i·a)(x_i·φ) for unit vectors x_i and φ, (n,).

    residual: the a_i, (n, K); lengths: ‖a_i‖², (n,); x: (n, D); a: (K,); phi: (D,).
    """
    products = (residual @ a) * product(x, phi[None])[:, 0]
    return np.asarray(np.maximum(lengths + a @ a - 2 * products, 0), np.float32)
