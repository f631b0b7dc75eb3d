"""Temperature scaling [Guo et al. 2017] on the training labels alone: no label is set aside for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.linalg
from scipy.optimize import minimize_scalar

from trainer.models.head import Head, fit_head

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LOWEST: Final = 0.1
HIGHEST: Final = 4.0
PRIOR: Final = 0.5  # standard deviation of log T around 0; benchmarks/LOG.md
FOLDS: Final = 5
ENOUGH: Final = 300  # held-out predictions; further folds would cost more than they tell
JITTER: Final = 1e-5  # of a unit vector's squared length
TOLERANCE: Final = 1e-3  # of log T


def cross_validated_temperature(
    x: Floats, y: Integers, c: float, balanced: bool, start: Head | None = None, weights: Floats | None = None
) -> float:
    """The temperature under which a head predicts best what it was not fitted on, in [LOWEST, HIGHEST].

    x: (n, D) embeddings; y: (n,) class numbers; c, balanced, weights: as in fit_head. start: a head fitted on all of
    them, to begin from. 1 where nothing can be held out: every class has one label, or there is one class.
    """
    few = 2 * len(x) < x.shape[1]  # then fits in the span are cheaper than what a start can save
    x, start = (in_their_span(x), None) if few else (x, start)
    return best_temperature([held_out(x, y, fold, c, balanced, start, weights) for fold in _folds(y)])


def held_out(
    x: Floats,
    y: Integers,
    fold: npt.NDArray[np.bool_],
    c: float,
    balanced: bool,
    start: Head | None = None,
    weights: Floats | None = None,
) -> tuple[Floats, Integers]:
    """Logits of the rows of `fold` under a head fitted on all others, (m, K), and the column of each row's class.

    Rows whose class has no label outside the fold are left out.
    """
    rest = None if weights is None else weights[~fold]
    head = fit_head(x[~fold], y[~fold], c, balanced, start, weights=rest)
    kept = np.flatnonzero(fold & np.isin(y, head.classes))
    logits = np.asarray(x[kept] @ head.weight.T + head.bias, np.float32)
    return logits, np.searchsorted(head.classes, y[kept])


def best_temperature(folds: list[tuple[Floats, Integers]]) -> float:
    """The T that minimises Σ −log softmax(z/T)[y] + (log T)²/(2·PRIOR²), in [LOWEST, HIGHEST].

    The second term is a log-normal prior at 1: few labels, all predicted right, would otherwise send T to 0.
    """

    def loss(log_t: float) -> float:
        nll = sum(_cross_entropy(logits / np.float32(np.exp(log_t)), y) for logits, y in folds)
        return nll + log_t**2 / (2 * PRIOR**2)

    if not any(len(y) for _, y in folds):
        return 1.0
    bounds = (float(np.log(LOWEST)), float(np.log(HIGHEST)))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": TOLERANCE})
    return float(np.exp(found.x))


def in_their_span(x: Floats) -> Floats:
    """Vectors with the same inner products in as many dimensions as there are rows, (n, D) → (n, n).

    A penalised linear model sees nothing but inner products, so it fits these just as well. Raises ValueError on NaN.
    """
    gram = (x @ x.T).astype(np.float64)
    gram[np.diag_indices_from(gram)] += JITTER
    return np.asarray(scipy.linalg.cholesky(gram, lower=True), np.float32)


def _folds(y: Integers) -> Iterator[npt.NDArray[np.bool_]]:
    """Disjoint parts, each class spread evenly over all of them, until ENOUGH rows have been held out."""
    order = np.argsort(y, kind="stable")
    part = np.empty(len(y), np.int64)
    part[order] = np.arange(len(y)) % FOLDS
    held = 0
    for number in range(min(FOLDS, len(y)) if len(y) > 1 else 0):
        if held < ENOUGH:
            fold = part == number
            held += int(fold.sum())
            yield fold


def _cross_entropy(logits: Floats, y: Integers) -> float:
    """Σ −log softmax(z)[y], (n, K), (n,) → nats."""
    top = logits.max(axis=1, initial=-np.inf)
    total = np.exp(logits - top[:, None]).sum(axis=1, dtype=np.float64)
    return float((np.log(total) + top - logits[np.arange(len(y)), y]).sum())
