"""The head: multinomial logistic regression on embeddings, fitted on all labels after every batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

GRADIENT_TOLERANCE: Final = 1e-5
LOSS_TOLERANCE: Final = 1e-6  # relative; probabilities are then within .004 of the minimum's
HISTORY: Final = 20  # steps L-BFGS remembers
STEPS: Final = 200


@dataclass(frozen=True, slots=True)
class Head:
    """Logits are `x @ weight.T + bias`; one row for each class that has a label.

    classes: the class numbers, ascending, (K,). weight: (K, D). bias: (K,). loss: mean cross-entropy in nats over the
    labels it was fitted on, each weighted as in the fit.
    """

    classes: Integers
    weight: Floats
    bias: Floats
    loss: float

    def probabilities(self, x: Floats, temperature: float = 1.0) -> Floats:
        """Class probabilities of embeddings, the logits divided by `temperature`. x: (N, D) → (N, K), rows sum to 1."""
        return softmax(np.asarray(x @ self.weight.T + self.bias, np.float32) / np.float32(temperature))


def softmax(logits: Floats) -> Floats:
    """Row-wise softmax without overflow, (N, K) → (N, K)."""
    shifted: Floats = logits - logits.max(axis=1, keepdims=True)
    np.exp(shifted, out=shifted)
    shifted /= shifted.sum(axis=1, keepdims=True)
    return shifted


def fit_head(
    x: Floats,
    y: Integers,
    c: float,
    balanced: bool = True,
    start: Head | None = None,
    steps: int = STEPS,
    weights: Floats | None = None,
) -> Head:
    """Minimise C·Σ s_i·loss_i + ½‖W‖² over weights and an unpenalised bias, by L-BFGS.

    x: (n, D) embeddings; y: (n,) class numbers, n ≥ 1. c: inverse strength of the penalty, as in scikit-learn.
    balanced: s_i = n / (K · n_class), so that every class weighs the same [King & Zeng 2001]; else s_i = 1.
    start: where to begin (classes are matched by number); the minimum does not depend on it, the problem is convex.
    steps: at most so many iterations; cut short, the head is still fit to go on from. weights: (n,), what s_i is
    multiplied by; None for 1.
    Raises ValueError on no rows, or on NaN and infinity.
    """
    if not len(x) or len(x) != len(y):
        raise ValueError(f"got {len(x)} embeddings and {len(y)} labels; expected as many of both, at least one")
    if not np.isfinite(x).all():
        raise ValueError("an embedding holds NaN or infinity")
    classes, codes = np.unique(y, return_inverse=True)
    centre = x.mean(axis=0)  # the bias makes a shift free, and centred data need fewer steps
    shares = sample_weights(codes, len(classes), balanced)
    problem = _Problem(x - centre, codes, shares if weights is None else shares * weights, c)
    solution = minimize(
        problem.loss_and_gradient,
        _start_from(start, classes, centre),
        jac=True,
        method="L-BFGS-B",
        options={
            "maxiter": steps,
            "gtol": GRADIENT_TOLERANCE * c * len(x),
            "ftol": LOSS_TOLERANCE,
            "maxcor": HISTORY,
        },
    )
    weight, bias = problem.unpack(solution.x)
    return Head(classes, weight, bias - weight @ centre, problem.mean_loss(weight, bias))


def sample_weights(codes: Integers, n_classes: int, balanced: bool) -> Floats:
    """s_i of `fit_head` for rows of the classes `codes`, (n,) in 0..n_classes−1, each of which has a row."""
    if not balanced:
        return np.ones(len(codes), np.float32)
    counts = np.bincount(codes, minlength=n_classes)
    return (len(codes) / (n_classes * counts[codes])).astype(np.float32)


def _start_from(start: Head | None, classes: Integers, centre: Floats) -> Doubles:
    weight = np.zeros((len(classes), len(centre)), np.float64)
    bias = np.zeros(len(classes), np.float64)
    if start is not None and start.weight.shape[1] == len(centre):
        _, here, there = np.intersect1d(classes, start.classes, return_indices=True)
        weight[here] = start.weight[there]
        bias[here] = start.bias[there] + start.weight[there] @ centre
    return np.concatenate([weight.ravel(), bias])


@dataclass(frozen=True, slots=True)
class _Problem:
    x: Floats
    codes: Integers
    sample_weights: Floats
    c: float

    def unpack(self, parameters: Doubles) -> tuple[Floats, Floats]:
        dim = self.x.shape[1]
        n_classes = len(parameters) // (dim + 1)
        values = parameters.astype(np.float32)
        return values[: n_classes * dim].reshape(n_classes, dim), values[n_classes * dim :]

    def loss_and_gradient(self, parameters: Doubles) -> tuple[float, Doubles]:
        weight, bias = self.unpack(parameters)
        losses, residual = self._losses(weight, bias)
        value = self.c * float(losses @ self.sample_weights) + 0.5 * float(np.vdot(weight, weight))
        residual *= self.c * self.sample_weights[:, None]
        gradient = np.concatenate([(residual.T @ self.x + weight).ravel(), residual.sum(axis=0)])
        return value, gradient.astype(np.float64)

    def mean_loss(self, weight: Floats, bias: Floats) -> float:
        losses, _ = self._losses(weight, bias)
        return float(np.average(losses, weights=self.sample_weights))

    def _losses(self, weight: Floats, bias: Floats) -> tuple[Floats, Floats]:
        """Cross-entropy of each row, and probabilities minus the one-hot labels."""
        logits = self.x @ weight.T + bias
        logits -= logits.max(axis=1, keepdims=True)
        rows = np.arange(len(self.codes))
        right = logits[rows, self.codes].copy()
        np.exp(logits, out=logits)
        total = logits.sum(axis=1)
        losses = np.log(total) - right
        logits /= total[:, None]
        logits[rows, self.codes] -= 1
        return losses, logits
