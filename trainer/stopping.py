"""When the model is good enough: thresholds, with the correction for looking more than once. Pure.

A rule that looks after every batch would sooner or later see a lucky moment. So it looks only when the number of test
labels has reached 50, 75, 112, 168, … or the whole hold-out, and at each look spends an equal part of what is left of
an error budget of .05: the probability of stopping although the true share is only at the threshold is at most .05
for each threshold, however many looks there are and however often the model is evaluated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from scipy.stats import beta

from shared.config import Stop, Threshold
from shared.messages import MetricValue, StopOutlook

FIRST_LOOK: Final = 50
GROWTH: Final = 1.5
BUDGET: Final = 0.05
WORTH_PROVING: Final = 20  # test labels; with fewer, a value that looks good says little


@dataclass(frozen=True, slots=True)
class LookState:
    """What has been spent: kept in the checkpoint.

    looked_at: test labels at the last look. spent: part of BUDGET. streaks: looks in a row at which the plain value of
    a metric met its threshold. met: thresholds that were reached at the last look. fired: thresholds that have already
    stopped the session once.
    """

    looked_at: int = 0
    spent: float = 0.0
    streaks: tuple[tuple[str, int], ...] = ()
    met: frozenset[str] = frozenset()
    fired: frozenset[str] = frozenset()

    def after_stop(self) -> Self:
        """A person who goes on after a stop is not stopped again by the same thresholds."""
        return replace(self, fired=self.fired | self.met)


def look_points(holdout: int) -> list[int]:
    """Numbers of test labels at which the rule looks: 50, 75, 112, … below `holdout`, and `holdout` itself."""
    points = []
    point = FIRST_LOOK
    while point < holdout:
        points.append(point)
        point = int(point * GROWTH)
    return [*points, holdout] if holdout > 0 else []


def due(state: LookState, test_labels: int, holdout: int) -> bool:
    """Whether a look point has been reached that lies beyond the last look."""
    return any(state.looked_at < point <= test_labels for point in look_points(holdout))


def next_alpha(state: LookState, holdout: int) -> float:
    """What the next look may spend: an equal part of what is left, over the looks still planned."""
    ahead = sum(point > state.looked_at for point in look_points(holdout))
    return (BUDGET - state.spent) / max(1, ahead)


def look(
    state: LookState, config: Stop, metrics: Mapping[str, MetricValue], test_labels: int, holdout: int
) -> LookState:
    """Take a look if one is due; the state says which thresholds are met."""
    if not config.thresholds or not due(state, test_labels, holdout):
        return state
    alpha = next_alpha(state, holdout)
    before = dict(state.streaks)
    streaks = {
        name: before.get(key(name, threshold), 0) + 1 if _plainly_met(threshold, metrics.get(name)) else 0
        for name, threshold in config.thresholds.items()
    }
    return LookState(
        looked_at=test_labels,
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


def proving(state: LookState, config: Stop, metrics: Mapping[str, MetricValue], test_labels: int, holdout: int) -> bool:
    """Whether the thresholds look reached and only test labels are missing for the proof."""
    open_ = [name for name, rule in config.thresholds.items() if key(name, rule) not in state.met | state.fired]
    met = [_plainly_met(config.thresholds[name], metrics.get(name)) for name in open_]
    promising = all(met) if config.require == "all" else any(met)
    return bool(met) and promising and WORTH_PROVING <= test_labels < holdout


def key(name: str, threshold: Threshold) -> str:
    """How a threshold is written: `accuracy ≥ 0.95`."""
    if threshold.at_least is not None:
        return f"{name} ≥ {threshold.at_least:g}"
    return f"{name} ≤ {threshold.at_most:g}"


def is_share(name: str) -> bool:
    """Whether a metric is a share of independent images, so that an exact bound exists."""
    return name == "accuracy" or name.startswith(("precision/", "recall/"))


def lower_bound(hits: int, n: int, alpha: float) -> float:
    """One-sided Clopper–Pearson: the true share lies below with probability at most alpha [Clopper & Pearson 1934]."""
    return float(beta.ppf(alpha, hits, n - hits + 1)) if hits > 0 else 0.0


def _met(name: str, threshold: Threshold, value: MetricValue | None, alpha: float, patient: bool) -> bool:
    if value is None:
        return False
    if is_share(name):
        return lower_bound(round(value.value * value.n), value.n, alpha) >= (threshold.at_least or 0.0)
    return patient


def _plainly_met(threshold: Threshold, value: MetricValue | None) -> bool:
    if value is None or math.isnan(value.value):
        return False
    if threshold.at_least is not None:
        return value.value >= threshold.at_least
    return value.value <= (threshold.at_most or 0.0)


def outlook(
    state: LookState, config: Stop, metrics: Mapping[str, MetricValue], test_labels: int, holdout: int
) -> list[StopOutlook]:
    """For each threshold how far it is, as a sentence for people."""
    return [
        StopOutlook(
            metric=name,
            reached=key(name, threshold) in state.met,
            sentence=_sentence(state, name, threshold, metrics.get(name), config, test_labels, holdout),
        )
        for name, threshold in config.thresholds.items()
    ]


def _sentence(
    state: LookState,
    name: str,
    threshold: Threshold,
    value: MetricValue | None,
    config: Stop,
    test_labels: int,
    holdout: int,
) -> str:
    wanted = key(name, threshold)
    if wanted in state.met:
        return f"{wanted}: reached on {state.looked_at} test labels"
    now = "not measured yet" if value is None else f"now {value.value:.3f} on {value.n}"
    ahead = [point for point in look_points(holdout) if point > max(state.looked_at, 0)]
    if not is_share(name):
        streak = dict(state.streaks).get(wanted, 0)
        return f"{wanted}: {now}; met at {streak} of {config.patience} looks in a row" + _next_look(ahead, test_labels)
    if name != "accuracy":
        return f"{wanted}: {now}" + _shown(value, next_alpha(state, holdout)) + _next_look(ahead, test_labels)
    return f"{wanted}: {now}; " + _errors_allowed(state, threshold.at_least or 0.0, value, ahead, test_labels, holdout)


def _next_look(ahead: list[int], test_labels: int) -> str:
    return f"; next look at {max(ahead[0], test_labels)} test labels" if ahead else "; no look is left"


def _shown(value: MetricValue | None, alpha: float) -> str:
    if value is None:
        return ""
    return f", which proves at least {lower_bound(round(value.value * value.n), value.n, alpha):.3f}"


def _errors_allowed(
    state: LookState, at_least: float, value: MetricValue | None, ahead: list[int], test_labels: int, holdout: int
) -> str:
    """At which look the threshold can be proven, and with how many errors at most until then."""
    alpha = next_alpha(state, holdout)
    errors = 0 if value is None else value.n - round(value.value * value.n)
    for point in ahead:
        allowed = most_errors(at_least, point, alpha)
        if allowed >= errors and point > test_labels:
            more = _count(allowed - errors, "error")
            return f"needs no more than {more} among the next {point - test_labels} test labels"
    if not any(most_errors(at_least, point, alpha) >= 0 for point in look_points(holdout)):
        return f"the hold-out of {holdout} is too small to prove it, even without an error"
    return f"needs fewer errors than the {errors} now: the hold-out has {_count(holdout - test_labels, 'label')} left"


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


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
