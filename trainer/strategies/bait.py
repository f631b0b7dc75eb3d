"""BAIT: a greedy design that lowers the expected error by Fisher information [Ash et al. 2021], in a form that scales.

Approximated: the head's Fisher information is that of its predicted class against the rest, p̂(1 − p̂) φφᵀ with
p̂ = max p, so that the matrices are D × D and not KD × KD [Huseljic et al. 2024]; φ is projected to DIMS principal
components of the pool; candidates and the images that stand for the pool are random parts of it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from shared.messages import ReasonKind
from trainer.strategies.base import Doubles, Floats, Integers, Query, Selection
from trainer.strategies.parts import in_order, look_at, principal_axes, product

LOOKED_AT: Final = 4_000  # candidates, and what stands for the pool
DIMS: Final = 256
LEAST: Final = 1e-6  # so that certain predictions still spread over the pool
FURTHER: Final = 2  # times the count are chosen, then all but the count are taken out again


def bait(query: Query) -> Selection:
    """The images whose labels most reduce tr(M⁻¹ F), the head's expected variance over the pool.

    F is the mean Fisher information of the pool, M that of labelled, asked and chosen images with the head's prior,
    I/C. Greedily forward to twice the count, then backward. Without a model of two classes every image weighs the
    same, p̂ = ½, and the choice spreads over the pool.
    """
    positions, x = look_at(query, LOOKED_AT)
    if not len(x):
        return in_order(query, positions, ReasonKind.UNCERTAIN)
    selected = query.selected()
    weights = spread(query.probs[positions])
    axes = principal_axes(x, DIMS)
    rows = _scaled(x, axes, weights)
    known = _scaled(selected, axes, _selected_spread(query, selected))
    information = known.T @ known + np.eye(rows.shape[1]) / query.c
    design = Design(rows, information, rows.T @ rows / len(rows))
    return in_order(query, positions[design.choose(query.count)], ReasonKind.UNCERTAIN)


def spread(probs: Floats) -> Floats:
    """p̂(1 − p̂) of the predicted class, (N, K) → (N,); ¼ where there are fewer than two classes."""
    if probs.shape[1] < 2:
        return np.full(len(probs), 0.25, np.float32)
    highest = probs.max(axis=1)
    return np.asarray(np.maximum(highest * (1 - highest), LEAST), np.float32)


class Design:
    """Which rows to choose so that tr(M⁻¹ F) becomes small.

    rows: v_i = √w_i φ_i, (n, d): choosing i adds v_i v_iᵀ to M. information: M before, (d, d), positive definite.
    target: F, (d, d).
    """

    def __init__(self, rows: Doubles, information: Doubles, target: Doubles) -> None:
        self._rows = rows
        self._target = target
        self._inverse = np.linalg.inv(information)
        shares = rows @ self._inverse
        self._leverage = np.einsum("nd,nd->n", shares, rows)  # vᵀ M⁻¹ v
        self._effect = np.einsum("nd,nd->n", shares @ target, shares)  # vᵀ M⁻¹ F M⁻¹ v

    def gains(self, sign: int = 1) -> Doubles:
        """By how much tr(M⁻¹ F) falls when each row is added, or rises when it is taken out (sign −1), (n,)."""
        return np.asarray(self._effect / (1 + sign * self._leverage))

    def update(self, i: int, sign: int = 1) -> None:
        """Add row i to M, or take it out (sign −1) [Sherman & Morrison 1950]."""
        u = self._inverse @ self._rows[i]
        factor = sign / (1 + sign * self._leverage[i])
        pull = self._target @ u
        along, across = self._rows @ u, self._rows @ (self._inverse @ pull)
        self._leverage -= factor * along**2
        self._effect += factor * along * (factor * (u @ pull) * along - 2 * across)
        self._inverse -= factor * np.outer(u, u)

    def choose(self, count: int) -> Integers:
        """Greedily forward to FURTHER times the count, then backward to the count; in the order of choice."""
        chosen: list[int] = []
        free = np.ones(len(self._rows), bool)
        while len(chosen) < min(FURTHER * count, len(self._rows)):
            i = int(np.argmax(np.where(free, self.gains(), -np.inf)))
            self.update(i)
            free[i] = False
            chosen.append(i)
        while len(chosen) > count:
            least = int(np.argmin(self.gains(-1)[chosen]))
            self.update(chosen.pop(least), -1)
        return np.array(chosen, np.int64)


def _scaled(x: Floats, axes: Floats, weights: Floats) -> Doubles:
    return np.asarray(product(x, axes.T.copy()) * np.sqrt(weights)[:, None], np.float64)


def _selected_spread(query: Query, selected: Floats) -> Floats:
    probs = query.head.probabilities(selected) if query.head is not None else query.probs[:0]
    return spread(probs) if len(probs) else spread(np.empty((len(selected), 0), np.float32))
