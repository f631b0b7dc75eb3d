"""Metrics on the labelled hold-out images, with 95 % intervals. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from shared.intervals import CALIBRATION_BINS, CONFIDENCE, wilson
from shared.messages import MetricValue
from trainer.costs import Costs

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

RESAMPLES: Final = 1_000
SMALLEST: Final = 1e-7  # a probability of 0 for what turned out true costs −log of this, 16.1 nats


def evaluate(
    probs: Floats,
    truth: Integers,
    names: Mapping[int, str],
    refused: int = 0,
    seed: int = 0,
    costs: Costs | None = None,
) -> dict[str, MetricValue]:
    """All metrics of a model on n labelled test images; nothing where n is 0.

    probs: (n, C), column = class number, each row sums to 1. truth: (n,) class numbers below C. names: class number →
    name, for `precision/<name>` and `recall/<name>`; a class that was never predicted has no precision, one that never
    occurs no recall. refused: test images that people skipped or flagged; where there are any, `accuracy_worst` is the
    accuracy if the model were wrong on all of them. Intervals: Wilson for shares, bootstrap percentiles for f1_macro
    and loss, none for ece. costs: of mistakes, by class number; the class of least expected cost is then what the model
    says, and `expected_cost` the mean of what its answers cost, with bootstrap percentiles.
    """
    n = len(truth)
    if n == 0:
        return {}
    predicted = probs.argmax(axis=1) if costs is None else costs.decide(probs)
    losses = -np.log(np.maximum(probs[np.arange(n), truth], SMALLEST)).astype(np.float64)
    hits = int((predicted == truth).sum())
    weights = bootstrap_weights(n, seed)
    metrics = {
        "loss": _with_percentiles(float(losses.mean()), weights @ losses / n, n),
        "accuracy": share(hits, n),
        "f1_macro": _f1(predicted, truth, probs.shape[1], weights),
        "ece": MetricValue(value=expected_calibration_error(probs, truth), n=n),
    }
    if costs is not None:
        paid = costs.of(truth, predicted)
        metrics["expected_cost"] = _with_percentiles(float(paid.mean()), weights @ paid / n, n)
    if refused:
        metrics["accuracy_worst"] = share(hits, n + refused)
    for number, name in names.items():
        right = int(((predicted == number) & (truth == number)).sum())
        for metric, total in (
            ("precision", int((predicted == number).sum())),
            ("recall", int((truth == number).sum())),
        ):
            if total:
                metrics[f"{metric}/{name}"] = share(right, total)
    return metrics


def bootstrap_weights(n: int, seed: int) -> Floats:
    """How often each of n images is drawn in each of RESAMPLES samples with replacement, (RESAMPLES, n)."""
    drawn = np.random.default_rng(seed).integers(0, n, (RESAMPLES, n)) + n * np.arange(RESAMPLES)[:, None]
    return np.bincount(drawn.ravel(), minlength=RESAMPLES * n).reshape(RESAMPLES, n).astype(np.float32)


def share(hits: int, n: int) -> MetricValue:
    """hits of n with its Wilson interval [Wilson 1927]."""
    low, high = wilson(hits, n)
    return MetricValue(value=hits / n, low=low, high=high, n=n)


def expected_calibration_error(probs: Floats, truth: Integers, bins: int = CALIBRATION_BINS) -> float:
    """Σ over bins of (share of images) · |accuracy − mean confidence|, bins of equal width [Guo et al. 2017]."""
    confidence = probs.max(axis=1).astype(np.float64)
    right = (probs.argmax(axis=1) == truth).astype(np.float64)
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(place, right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(truth))


def _f1(predicted: Integers, truth: Integers, n_classes: int, weights: Floats) -> MetricValue:
    """The mean F1 of the classes that occur or are predicted, and its interval."""
    classes = np.union1d(predicted, truth)
    said = (predicted[:, None] == classes).astype(np.float32)
    real = (truth[:, None] == classes).astype(np.float32)
    everything = np.ones((1, len(truth)), np.float32)
    value = float(_macro_f1(everything, said, real)[0])
    return _with_percentiles(value, _macro_f1(weights, said, real), len(truth))


def _macro_f1(weights: Floats, said: Floats, real: Floats) -> Doubles:
    """F1 = 2·TP / (predicted + actual), averaged over the classes of each row of image weights that have one."""
    hits = 2 * (weights @ (said * real)).astype(np.float64)
    total = (weights @ (said + real)).astype(np.float64)
    f1 = np.divide(hits, total, out=np.zeros_like(hits), where=total > 0)
    return np.asarray(f1.sum(axis=1) / (total > 0).sum(axis=1))


def _with_percentiles(value: float, resampled: Doubles, n: int) -> MetricValue:
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(resampled, [tail, 100 - tail])
    return MetricValue(value=value, low=min(float(low), value), high=max(float(high), value), n=n)
