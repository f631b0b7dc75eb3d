"""How far each stop threshold is, in sentences for people. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from shared.config import Stop
from shared.messages import MetricValue, StopOutlook
from trainer.stopping import (
    LookState,
    Progress,
    figure,
    is_share,
    key,
    look_points,
    lower_bound,
    most_errors,
    next_alpha,
    next_training,
)


def outlook(
    state: LookState, config: Stop, metrics: Mapping[str, MetricValue], progress: Progress
) -> list[StopOutlook]:
    """For each threshold whether it was reached and what is still needed."""
    return [
        StopOutlook(
            metric=name,
            reached=key(name, threshold) in state.met,
            sentence=f"{key(name, threshold)}: " + _sentence(state, config, name, metrics.get(name), progress),
        )
        for name, threshold in config.thresholds.items()
    ]


def _sentence(state: LookState, config: Stop, name: str, value: MetricValue | None, progress: Progress) -> str:
    threshold = config.thresholds[name]
    goal = key(name, threshold)
    if goal in state.met:
        return f"proven on {state.looked_at} test labels"
    now = "not measured yet" if value is None else f"now {figure(name, value.value)} on {value.n}"
    if name == "accuracy":
        return f"{now}; {_errors_allowed(state, config, value, progress)}"
    if is_share(name):
        alpha = next_alpha(state, config, progress.holdout)
        return f"{now}{_shown(name, value, alpha)}; {_next_look(state, config, progress)}"
    streak = dict(state.streaks).get(goal, 0)
    return f"{now}; met at {streak} of {config.patience} looks in a row; {_next_look(state, config, progress)}"


def _next_look(state: LookState, config: Stop, progress: Progress) -> str:
    ahead = [point for point in look_points(config, progress.holdout) if point > state.looked_at]
    if ahead:
        return f"next look at {max(ahead[0], progress.test_labels)} test labels"
    return f"the test images are used up, next look at {next_training(state)} training labels"


def _shown(name: str, value: MetricValue | None, alpha: float) -> str:
    if value is None:
        return ""
    bound = lower_bound(round(value.value * value.n), value.n, alpha)
    return f", which proves at least {figure(name, bound)}"


def _errors_allowed(state: LookState, config: Stop, value: MetricValue | None, progress: Progress) -> str:
    """At which look the threshold can be proven, and with how many errors at most until then."""
    at_least = config.thresholds["accuracy"].at_least or 0.0
    alpha = next_alpha(state, config, progress.holdout)
    errors = 0 if value is None else value.n - round(value.value * value.n)
    points = look_points(config, progress.holdout)
    for point in points:
        allowed = most_errors(at_least, point, alpha)
        if point > max(progress.test_labels, state.looked_at) and allowed >= errors:
            more = _count(allowed - errors, "error")
            return f"needs no more than {more} among the next {point - progress.test_labels} test labels"
    if all(most_errors(at_least, point, alpha) < 0 for point in points):
        return f"the hold-out of {progress.holdout} is too small to prove it, even without an error"
    allowed = most_errors(at_least, progress.holdout, alpha)
    return f"needs at most {_count(allowed, 'error')} on all {progress.holdout} test images, has {errors} now"


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
