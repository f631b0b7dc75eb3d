"""When the model is good enough: thresholds, with the correction for looking more than once. Pure.

A rule that looks after every batch would sooner or later see a lucky moment. So it looks only at planned numbers of
test labels, 50, 75, 112, 168, … and the whole hold-out (of these where a proof is possible at all), and spends an equal
part of most of an error budget at each. The rest is for a hold-out that is labelled to its end while the model still
improves: then it looks again whenever the training labels have grown by a quarter, spending half of what is left. The
probability of stopping although the true share is only at the threshold is at most BUDGET for each threshold, however
many looks there are and however often the model is evaluated (union bound over the looks).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from scipy.stats import beta

from shared.config import Stop, Threshold
from shared.messages import MetricValue

FIRST_LOOK: Final = 50
GROWTH: Final = 1.5
BUDGET: Final = 0.05
PLANNED: Final = 0.7  # part of BUDGET for the planned looks
TRAIN_GROWTH: Final = 1.25  # of the training labels, until a hold-out that is used up is looked at again
WORTH_PROVING: Final = 20  # test labels; with fewer, a value that looks good says little


@dataclass(frozen=True, slots=True)
class Progress:
    """How far labelling has come; `holdout` is the size of the hold-out, labelled or not."""

    test_labels: int
    holdout: int
    train_labels: int = 0


@dataclass(frozen=True, slots=True)
class LookState:
    """What has been spent: kept in the checkpoint.

    looked_at, trained: test and training labels at the last look. spent: part of BUDGET. streaks: looks in a row at
    which the plain value of a metric met its threshold. met: thresholds that were reached at the last look. fired:
    thresholds that have already stopped the session once.
    """

    looked_at: int = 0
    trained: int = 0
    spent: float = 0.0
    streaks: tuple[tuple[str, int], ...] = ()
    met: frozenset[str] = frozenset()
    fired: frozenset[str] = frozenset()

    def after_stop(self) -> Self:
        """A person who goes on after a stop is not stopped again by the same thresholds."""
        return replace(self, fired=self.fired | self.met)


def look_points(config: Stop, holdout: int) -> list[int]:
    """Numbers of test labels at which to look: 50, 75, 112, … below `holdout`, and `holdout` itself.

    Points at which no threshold could be reached, even without an error, are left out, so that nothing is spent there.
    """
    points = []
    point = FIRST_LOOK
    while point < holdout:
        points.append(point)
        point = int(point * GROWTH)
    points += [holdout] if holdout > 0 else []
    while len(points) > 1 and not _reachable(config, points[0], PLANNED * BUDGET / len(points)):
        points = points[1:]
    return points


def _reachable(config: Stop, n: int, alpha: float) -> bool:
    best = alpha ** (1 / n)  # lower_bound(n, n, alpha), in closed form
    return any(not is_share(name) or best >= (rule.at_least or 0.0) for name, rule in config.thresholds.items())


def due(state: LookState, config: Stop, progress: Progress) -> bool:
    """Whether a planned look has been reached, or the used-up hold-out is to be looked at again."""
    points = look_points(config, progress.holdout)
    if any(state.looked_at < point <= progress.test_labels for point in points):
        return True
    used_up = 0 < progress.holdout <= min(progress.test_labels, state.looked_at)
    return used_up and progress.train_labels >= next_training(state)


def next_training(state: LookState) -> int:
    """The number of training labels at which a used-up hold-out is looked at again."""
    return max(math.ceil(state.trained * TRAIN_GROWTH), state.trained + 1)


def next_alpha(state: LookState, config: Stop, holdout: int) -> float:
    """What the next look may spend: an equal part of the planned budget, later half of what is left."""
    ahead = sum(point > state.looked_at for point in look_points(config, holdout))
    planned = (PLANNED * BUDGET - state.spent) / max(ahead, 1)
    return planned if ahead and planned > 0 else (BUDGET - state.spent) / 2


def look(state: LookState, config: Stop, metrics: Mapping[str, MetricValue], progress: Progress) -> LookState:
    """Take a look if one is due; the state says which thresholds are met."""
    if not config.thresholds or not due(state, config, progress):
        return state
    alpha = next_alpha(state, config, progress.holdout)
    before = dict(state.streaks)
    streaks = {
        name: before.get(key(name, threshold), 0) + 1 if plainly_met(threshold, metrics.get(name)) else 0
        for name, threshold in config.thresholds.items()
    }
    return LookState(
        looked_at=progress.test_labels,
        trained=progress.train_labels,
        spent=state.spent + alpha,
        streaks=tuple((key(name, config.thresholds[name]), streak) for name, streak in streaks.items()),
        met=frozenset(
            key(name, threshold)
            for name, threshold in config.thresholds.items()
            if _met(name, threshold, metrics.get(name), alpha, streaks[name] >= config.patience)
        ),
        fired=state.fired,
    )


def decide(state: LookState, config: Stop) -> str | None:
    """Why to stop, as a sentence, or None to go on."""
    keys = {key(name, threshold) for name, threshold in config.thresholds.items()}
    met = keys & state.met
    enough = met == keys if config.require == "all" else bool(met)
    if not keys or not enough or met <= state.fired:
        return None
    return f"reached {' and '.join(sorted(met))} on {state.looked_at} test labels"


def proving(state: LookState, config: Stop, metrics: Mapping[str, MetricValue], progress: Progress) -> bool:
    """Whether the thresholds look reached and only test labels are missing for the proof."""
    wanted = [name for name, rule in config.thresholds.items() if key(name, rule) not in state.met | state.fired]
    met = [plainly_met(config.thresholds[name], metrics.get(name)) for name in wanted]
    promising = all(met) if config.require == "all" else any(met)
    return bool(met) and promising and WORTH_PROVING <= progress.test_labels < progress.holdout


def key(name: str, threshold: Threshold) -> str:
    """How a threshold is written: `accuracy ≥ 95 %`."""
    sign, value = ("≥", threshold.at_least) if threshold.at_least is not None else ("≤", threshold.at_most)
    return f"{name} {sign} {figure(name, value or 0.0)}"


def figure(name: str, value: float) -> str:
    """A metric's value for people: percent, but for the loss."""
    return f"{value:.3g}" if name == "loss" else f"{round(100 * value, 1):g} %"


def is_share(name: str) -> bool:
    """Whether a metric is a share of independent images, so that an exact bound exists."""
    return name == "accuracy" or name.startswith(("precision/", "recall/"))


def lower_bound(hits: int, n: int, alpha: float) -> float:
    """One-sided Clopper–Pearson: the true share lies below with probability at most alpha [Clopper & Pearson 1934]."""
    return float(beta.ppf(alpha, hits, n - hits + 1)) if hits > 0 else 0.0


def plainly_met(threshold: Threshold, value: MetricValue | None) -> bool:
    """Whether the plain value, without any bound, meets the threshold."""
    if value is None or math.isnan(value.value):
        return False
    if threshold.at_least is not None:
        return value.value >= threshold.at_least
    return value.value <= (threshold.at_most or 0.0)


def most_errors(at_least: float, n: int, alpha: float) -> int:
    """The most errors among n at which a share of `at_least` is proven, -1 where not even none would do."""
    low, high = -1, n
    while low < high:
        middle = (low + high + 1) // 2
        if lower_bound(n - middle, n, alpha) >= at_least:
            low = middle
        else:
            high = middle - 1
    return low


def _met(name: str, threshold: Threshold, value: MetricValue | None, alpha: float, patient: bool) -> bool:
    if value is None:
        return False
    if is_share(name):
        return lower_bound(round(value.value * value.n), value.n, alpha) >= (threshold.at_least or 0.0)
    return patient
