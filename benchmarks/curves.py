"""What learning curves of several seeds amount to: means, intervals, areas, labels to a target. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

Doubles = npt.NDArray[np.float64]

CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its 95 % interval over seeds [Student 1908]; of one seed, both ends are the mean itself."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} ({self.low:.3f} to {self.high:.3f})"

    @property
    def signed(self) -> str:
        """With signs, as a difference is written."""
        return f"{self.mean:+.4f} ({self.low:+.4f} to {self.high:+.4f})"

    def as_json(self) -> dict[str, float]:
        """The three numbers, rounded to what they are worth."""
        return {"mean": round(self.mean, 5), "low": round(self.low, 5), "high": round(self.high, 5)}


def interval(values: Doubles) -> Interval:
    """Mean ± t · s / √n of n ≥ 1 values."""
    mean = float(values.mean())
    if len(values) < 2:
        return Interval(mean, mean, mean)
    reach = float(student.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return Interval(mean, mean - reach, mean + reach)


@dataclass(frozen=True, slots=True)
class Curves:
    """Test accuracies of one strategy. labels: (B,) budgets. accuracy: (seeds, B)."""

    labels: tuple[int, ...]
    accuracy: Doubles

    @property
    def areas(self) -> Doubles:
        """The mean over the budgets, for each seed."""
        return np.asarray(self.accuracy.mean(axis=1), np.float64)

    @property
    def area(self) -> Interval:
        """The mean of the curve."""
        return interval(self.areas)

    def points(self) -> list[Interval]:
        """The curve, with intervals that hold for each budget by itself."""
        return [interval(column) for column in self.accuracy.T]

    def labels_to(self, target: float) -> int | None:
        """The first budget at which the mean of the seeds reaches `target`; None where none does."""
        reached = np.flatnonzero(self.accuracy.mean(axis=0) >= target)
        return self.labels[reached[0]] if len(reached) else None

    def median_labels_to(self, target: float) -> float | None:
        """The median over seeds of the first budget that reaches `target`; None where half of them never do."""
        first = [
            next((n for n, a in zip(self.labels, run, strict=True) if a >= target), np.inf) for run in self.accuracy
        ]
        median = float(np.median(first))
        return None if np.isinf(median) else median


@dataclass(frozen=True, slots=True)
class Comparison:
    """Differences to another strategy on the same pools, one pair per seed."""

    area: Interval
    points: list[Interval]
    labels: tuple[int, ...]

    @property
    def below(self) -> list[int]:
        """Budgets at which the interval of the difference lies below 0; each interval holds by itself."""
        return [n for n, point in zip(self.labels, self.points, strict=True) if point.high < 0]

    @property
    def above(self) -> list[int]:
        """Budgets at which it lies above 0."""
        return [n for n, point in zip(self.labels, self.points, strict=True) if point.low > 0]


def compare(one: Curves, other: Curves) -> Comparison:
    """`one` minus `other`, paired by seed. Raises ValueError where budgets or seeds differ."""
    if one.labels != other.labels or one.accuracy.shape != other.accuracy.shape:
        raise ValueError("the curves have different budgets or seeds, so they cannot be paired")
    difference = one.accuracy - other.accuracy
    return Comparison(interval(difference.mean(axis=1)), [interval(column) for column in difference.T], one.labels)


def summary(curves: Curves, targets: Sequence[float], baselines: dict[str, Curves]) -> dict[str, Any]:
    """Everything about one strategy's curves, as JSON."""
    against = {name: compare(curves, other) for name, other in baselines.items()}
    return {
        "curve": [{"labels": n, **point.as_json()} for n, point in zip(curves.labels, curves.points(), strict=True)],
        "aulc": round(curves.area.mean, 5),
        "aulc_low": round(curves.area.low, 5),
        "aulc_high": round(curves.area.high, 5),
        "labels_to": {
            f"{target:g}": {"mean_curve": curves.labels_to(target), "median_seed": curves.median_labels_to(target)}
            for target in targets
        },
        "against": {
            name: {
                "aulc": comparison.area.as_json(),
                "curve": [
                    {"labels": n, **point.as_json()} for n, point in zip(curves.labels, comparison.points, strict=True)
                ],
                "below_at": comparison.below,
                "above_at": comparison.above,
            }
            for name, comparison in against.items()
        },
        "per_seed": np.round(curves.accuracy, 5).tolist(),
        "aulc_per_seed": np.round(curves.areas, 5).tolist(),
    }
