from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from shared.config import Stop
from shared.messages import MetricValue
from trainer.outlook import outlook
from trainer.stopping import (
    BUDGET,
    PLANNED,
    TRAIN_GROWTH,
    LookState,
    Progress,
    decide,
    due,
    look,
    look_points,
    lower_bound,
    most_errors,
    next_alpha,
    next_training,
    proving,
)

ACCURACY = Stop.model_validate({"thresholds": {"accuracy": {"at_least": 0.85}}})


def accuracy(hits: int, n: int) -> dict[str, MetricValue]:
    return {"accuracy": MetricValue(value=hits / n, n=n)}


def test_looks_come_when_the_test_labels_have_grown_by_half() -> None:
    easy = Stop.model_validate({"thresholds": {"accuracy": {"at_least": 0.5}}})
    assert look_points(easy, 500) == [50, 75, 112, 168, 252, 378, 500]
    assert look_points(easy, 168) == [50, 75, 112, 168]
    assert look_points(easy, 30) == [30]
    assert look_points(easy, 0) == []


def test_nothing_is_spent_where_no_proof_is_possible() -> None:
    strict = Stop.model_validate({"thresholds": {"accuracy": {"at_least": 0.95}}})
    points = look_points(strict, 180)
    assert points == [112, 168, 180]
    alpha = next_alpha(LookState(), strict, 180)
    assert lower_bound(112, 112, alpha) >= 0.95
    assert lower_bound(75, 75, alpha) < 0.95
    with_loss = Stop.model_validate({"thresholds": {"accuracy": {"at_least": 0.95}, "loss": {"at_most": 0.1}}})
    assert look_points(with_loss, 180)[0] == 50


@given(st.integers(1, 400), st.integers(0, 400), st.floats(0.001, 0.2))
def test_bounds_are_those_of_clopper_and_pearson(n: int, hits: int, alpha: float) -> None:
    """At the bound itself, seeing that many hits or more has exactly the probability alpha."""
    hits = min(hits, n)
    bound = lower_bound(hits, n, alpha)
    if hits:
        assert binom.sf(hits - 1, n, bound) == pytest.approx(alpha, rel=1e-4)
    else:
        assert bound == 0


def test_the_most_errors_that_still_prove_a_threshold() -> None:
    errors = most_errors(0.9, 168, 0.01)
    assert lower_bound(168 - errors, 168, 0.01) >= 0.9
    assert lower_bound(168 - errors - 1, 168, 0.01) < 0.9
    assert most_errors(0.9, 20, 0.01) == -1


def run(stop: Stop, right: np.ndarray, holdout: int, every: int) -> LookState:
    """Label the hold-out, evaluating every so many labels, until a stop or the end."""
    state = LookState()
    for n in [*range(every, len(right), every), len(right)]:
        state = look(state, stop, accuracy(int(right[:n].sum()), n), Progress(n, holdout, 100))
        if decide(state, stop):
            break
    return state


@pytest.mark.parametrize(
    ("holdout", "threshold", "every"), [(180, 0.9, 1), (500, 0.9, 1), (500, 0.95, 7), (150, 0.8, 3)]
)
def test_at_the_threshold_at_most_one_run_in_twenty_stops(holdout: int, threshold: float, every: int) -> None:
    """Also when labelling goes on after the hold-out is used up and each later model errs on other test images."""
    rng = np.random.default_rng(0)
    stop = Stop.model_validate({"thresholds": {"accuracy": {"at_least": threshold}}})
    runs = 800

    def stops() -> bool:
        state = run(stop, rng.random(holdout) < threshold, holdout, every)
        for train in np.geomspace(100, 5000, 40).astype(int):
            hits = int((rng.random(holdout) < threshold).sum())
            state = look(state, stop, accuracy(hits, holdout), Progress(holdout, holdout, int(train)))
            if decide(state, stop):
                return True
        return False

    stopped = sum(stops() for _ in range(runs))
    assert stopped / runs <= BUDGET + 2 * math.sqrt(BUDGET * (1 - BUDGET) / runs)


def test_a_used_up_hold_out_is_looked_at_again_as_the_model_improves() -> None:
    strict = Stop.model_validate({"thresholds": {"accuracy": {"at_least": 0.95}}})
    state = look(LookState(), strict, accuracy(174, 180), Progress(180, 180, 80))
    assert decide(state, strict) is None
    good = accuracy(179, 180)
    assert look(state, strict, good, Progress(180, 180, next_training(state) - 1)) == state
    assert next_training(state) == 80 * TRAIN_GROWTH
    again = look(state, strict, good, Progress(180, 180, next_training(state)))
    assert decide(again, strict) is not None


def test_a_model_that_is_clearly_better_stops() -> None:
    rng = np.random.default_rng(0)
    stopped = sum(decide(run(ACCURACY, rng.random(400) < 0.95, 400, 1), ACCURACY) is not None for _ in range(200))
    assert stopped > 190


def test_looks_do_not_depend_on_how_often_it_is_evaluated() -> None:
    often, seldom = LookState(), LookState()
    for n in range(1, 301):
        often = look(often, ACCURACY, accuracy(n, n), Progress(n, 300))
        if n in look_points(ACCURACY, 300):
            seldom = look(seldom, ACCURACY, accuracy(n, n), Progress(n, 300))
    assert often == seldom
    assert often.spent == pytest.approx(PLANNED * BUDGET)


def test_a_second_evaluation_at_the_same_labels_is_no_second_look() -> None:
    once = look(LookState(), ACCURACY, accuracy(40, 50), Progress(50, 300))
    assert once.looked_at == 50
    assert look(once, ACCURACY, accuracy(50, 50), Progress(50, 300)) == once
    assert not due(once, ACCURACY, Progress(74, 300))
    assert due(once, ACCURACY, Progress(75, 300))


@given(st.lists(st.integers(0, 40), max_size=60), st.lists(st.integers(0, 200), min_size=60, max_size=60))
def test_whatever_the_hold_out_does_the_budget_is_never_overspent(steps: list[int], growth: list[int]) -> None:
    state, n, holdout = LookState(), 0, 60
    for step, more in zip(steps, growth, strict=False):
        n += step
        holdout = max(holdout + more, n)
        state = look(state, ACCURACY, accuracy(n, max(n, 1)) if n else {}, Progress(n, holdout))
        assert state.spent <= BUDGET + 1e-12
        assert next_alpha(state, ACCURACY, holdout) >= 0


def test_other_metrics_need_three_looks_in_a_row() -> None:
    stop = Stop.model_validate({"thresholds": {"loss": {"at_most": 0.5}}})
    state = LookState()
    reached = []
    for n, loss in ((50, 0.4), (75, 0.4), (112, 0.6), (168, 0.4), (252, 0.4), (378, 0.4)):
        state = look(state, stop, {"loss": MetricValue(value=loss, n=n)}, Progress(n, 500))
        reached.append(decide(state, stop) is not None)
    assert reached == [False] * 5 + [True]


def test_any_or_all() -> None:
    both = {"accuracy": {"at_least": 0.5}, "recall/a": {"at_least": 0.9}}
    metrics = accuracy(50, 50) | {"recall/a": MetricValue(value=0.5, n=20)}
    for require, stops in (("any", True), ("all", False)):
        stop = Stop.model_validate({"thresholds": both, "require": require})
        assert (decide(look(LookState(), stop, metrics, Progress(50, 300)), stop) is not None) == stops


def test_who_goes_on_after_a_stop_is_not_stopped_by_the_same_threshold() -> None:
    state = look(LookState(), ACCURACY, accuracy(50, 50), Progress(50, 300))
    assert decide(state, ACCURACY) is not None
    state = state.after_stop()
    state = look(state, ACCURACY, accuracy(75, 75), Progress(75, 300))
    assert decide(state, ACCURACY) is None
    higher = Stop.model_validate({"thresholds": {"accuracy": {"at_least": 0.86}}})
    assert decide(look(state, higher, accuracy(112, 112), Progress(112, 300)), higher) is not None


def test_without_thresholds_nothing_stops() -> None:
    assert decide(look(LookState(), Stop(), accuracy(50, 50), Progress(50, 100)), Stop()) is None


def test_the_outlook_can_be_relied_on() -> None:
    """With exactly as many errors as it allows the threshold is reached, with one more it is not."""
    state = look(LookState(), ACCURACY, accuracy(46, 50), Progress(50, 300))
    (before,) = outlook(state, ACCURACY, accuracy(46, 50), Progress(50, 300))
    needs = before.sentence.partition("needs")[2]
    allowed, more = (int(word) for word in needs.split() if word.isdigit())
    n, errors = 50 + more, 4 + allowed
    for wrong, reached in ((errors, True), (errors + 1, False)):
        later = state
        for point in [p for p in look_points(ACCURACY, 300) if 50 < p < n]:
            later = look(later, ACCURACY, accuracy(0, point), Progress(point, 300))
        later = look(later, ACCURACY, accuracy(n - wrong, n), Progress(n, 300))
        assert (decide(later, ACCURACY) is not None) == reached


def test_the_outlook_says_when_the_hold_out_cannot_prove_it() -> None:
    stop = Stop.model_validate({"thresholds": {"accuracy": {"at_least": 0.99}}})
    (said,) = outlook(LookState(), stop, {}, Progress(0, 60))
    assert "hold-out of 60 is too small" in said.sentence
    assert not said.reached


@pytest.mark.parametrize(
    ("metric", "side"),
    [
        ("accuracy", "at_least"),
        ("precision/a", "at_least"),
        ("f1_macro", "at_least"),
        ("loss", "at_most"),
        ("ece", "at_most"),
    ],
)
@pytest.mark.parametrize("measured", [True, False])
def test_every_threshold_has_a_sentence(metric: str, side: str, measured: bool) -> None:
    stop = Stop.model_validate({"thresholds": {metric: {side: 0.5}}})
    metrics = {metric: MetricValue(value=0.4, n=30)} if measured else {}
    for n, holdout in ((0, 0), (30, 100), (100, 100)):
        state = look(LookState(), stop, metrics, Progress(n, holdout))
        (said,) = outlook(state, stop, metrics, Progress(n, holdout))
        assert said.sentence.startswith(metric)


def test_proof_is_asked_for_when_the_value_looks_good_and_labels_are_missing() -> None:
    rule = Stop.model_validate({"thresholds": {"accuracy": {"at_least": 0.9}}})
    good = {"accuracy": MetricValue(value=0.96, low=0.8, high=1.0, n=25)}
    poor = {"accuracy": MetricValue(value=0.84, low=0.7, high=0.9, n=25)}
    assert proving(LookState(), rule, good, Progress(25, 180))
    assert not proving(LookState(), rule, poor, Progress(25, 180))
    assert not proving(LookState(), rule, good, Progress(19, 180))
    assert not proving(LookState(), rule, good, Progress(180, 180))
    assert not proving(LookState(), rule, {}, Progress(25, 180))
    assert not proving(LookState(), Stop(), good, Progress(25, 180))
    assert not proving(LookState(fired=frozenset({"accuracy ≥ 90 %"})), rule, good, Progress(25, 180))


def test_of_all_thresholds_each_must_look_reached_before_proof_is_asked_for() -> None:
    thresholds = {"accuracy": {"at_least": 0.9}, "recall/cat": {"at_least": 0.9}}
    values = {"accuracy": MetricValue(value=0.95, n=30), "recall/cat": MetricValue(value=0.5, n=10)}
    either, both = (Stop.model_validate({"thresholds": thresholds, "require": how}) for how in ("any", "all"))
    assert proving(LookState(), either, values, Progress(30, 180))
    assert not proving(LookState(), both, values, Progress(30, 180))
