"""How many further training labels a goal probably takes, from the curve so far. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from labeler.analysis.judged import Floats

EXPONENTS: Final = np.linspace(0.1, 2.0, 39)
MOST_POINTS: Final = 24
FEWEST_POINTS: Final = 6
FEWEST_TESTS: Final = 30
FARTHEST: Final = 20  # times the labels there are; beyond that nothing is said
REPLICATES: Final = 400


@dataclass(frozen=True, slots=True)
class Point:
    """A metric at one number of training labels, its standard error, and how many test images it was measured on."""

    labels: int
    value: float
    error: float
    tests: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Further training labels until the goal, with a 95 % interval.

    needed is None where it cannot be told, high where there is no upper bound; `reason` says why in a sentence.
    """

    needed: int | None
    low: int | None
    high: int | None
    reason: str = ""


class Law(NamedTuple):
    """error(n) = floor + scale·n^(−exponent), one law per row: (R,) each."""

    floor: Floats
    scale: Floats
    exponent: Floats

    def labels_for(self, error: float) -> Floats:
        """The number of labels at which the error comes down to `error`, infinite where it never does, (R,)."""
        with np.errstate(divide="ignore", over="ignore"):
            return np.where(
                self.floor < error, (self.scale / np.maximum(error - self.floor, 1e-12)) ** (1 / self.exponent), np.inf
            )


def forecast(points: Sequence[Point], goal: float, rising: bool, seed: int = 0) -> Forecast:
    """The training labels still needed until a metric reaches `goal`, by an inverse power law [Figueroa et al. 2012].

    points: in order of labels, each number once. rising: whether more is better; then the error is 1 − value. The
    interval is a bootstrap's: residuals are drawn anew, and the whole curve is moved by its standard error, because all
    points come from the same test images.
    """
    usable = [p for p in points if p.tests >= FEWEST_TESTS]
    if usable and (usable[-1].value >= goal if rising else usable[-1].value <= goal):
        return Forecast(0, 0, 0)
    if len(usable) < FEWEST_POINTS:
        missing = "evaluations" if len(points) < FEWEST_POINTS else "test labels"
        return Forecast(None, None, None, f"too few {missing} to tell yet")
    chosen = _spread(usable)
    n = np.array([p.labels for p in chosen], np.float64)
    error = np.array([1 - p.value if rising else p.value for p in chosen])
    spread = np.maximum([p.error for p in chosen], 1e-3)
    wanted, now = (1 - goal if rising else goal), usable[-1].labels
    law = fit_law(n, error[None], spread)
    at = float(law.labels_for(wanted)[0])
    replicates = fit_law(n, _resampled(law, n, error, spread, seed), spread).labels_for(wanted)
    return _say(at, np.sort(replicates), now, float(law.floor[0]), rising)


def fit_law(n: Floats, error: Floats, spread: Floats) -> Law:
    """Weighted least squares with floor ≥ 0 and scale ≥ 0, the exponent from a grid.

    n: (m,) labels. error: (R, m). spread: (m,) standard errors.
    """
    weight = 1 / spread**2
    t = n[None] ** -EXPONENTS[:, None]
    sw, st, stt = weight.sum(), t @ weight, (t * t) @ weight
    se, ste = error @ weight, (error * weight) @ t.T
    scale = (sw * ste - se[:, None] * st) / np.maximum(sw * stt - st**2, 1e-30)
    floor = (se[:, None] - scale * st) / sw
    scale = np.where(floor < 0, ste / stt, scale)
    floor = np.where(scale < 0, se[:, None] / sw, np.maximum(floor, 0.0))
    scale = np.maximum(scale, 0.0)
    quadratic = floor**2 * sw + 2 * floor * scale * st + scale**2 * stt - 2 * (floor * se[:, None] + scale * ste)
    best, rows = quadratic.argmin(axis=1), np.arange(len(error))
    return Law(floor[rows, best], scale[rows, best], EXPONENTS[best])


def _spread(points: Sequence[Point]) -> list[Point]:
    """At most MOST_POINTS of them, evenly spaced in the logarithm of labels, the last among them."""
    logs = np.log([max(p.labels, 1) for p in points])
    wanted = np.linspace(logs[0], logs[-1], MOST_POINTS)
    return [points[i] for i in np.unique(np.abs(logs[:, None] - wanted).argmin(axis=0)).tolist()]


def _resampled(law: Law, n: Floats, error: Floats, spread: Floats, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    fitted = law.floor + law.scale * n**-law.exponent
    residual = (error - fitted) * np.sqrt(len(n) / max(len(n) - 3, 1))
    drawn = residual[rng.integers(0, len(n), (REPLICATES, len(n)))]
    return np.asarray(np.clip(fitted + drawn + rng.normal(size=(REPLICATES, 1)) * spread, 0.0, None))


def _say(at: float, replicates: Floats, now: int, floor: float, rising: bool) -> Forecast:
    low, high = (float(replicates[round(q * (len(replicates) - 1))]) for q in (0.025, 0.975))
    far = now * (1 + FARTHEST)
    level = f"{100 * (1 - floor):.1f} %" if rising else f"{floor:.3g}"
    more = [None if value > far else max(0, round(value - now)) for value in (at, low, high)]
    if more[0] is None:
        reason = f"the curve so far flattens at about {level}" if np.isinf(at) else "too far away to tell"
        return Forecast(None, more[1], None, reason)
    reason = "" if more[2] is not None else "an upper bound cannot be told"
    return Forecast(more[0], more[1], more[2], reason)
