from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from shared.config import Advice as AdviceConfig
from shared.config import Train
from shared.messages import MetricValue
from tests.unit.trainer.models.test_head import blobs
from trainer.advice import (
    RULES,
    AdviceState,
    advise,
    cohens_kappa,
    mean_entropy,
    observed,
    stop_reason,
    stop_set,
    updated,
)
from trainer.learner import Model
from trainer.models.pixels import PixelSpace
from trainer.pool import Located, Snapshot
from trainer.vectors import VectorFile

CLASSES = np.array([2, 5, 9])


def config(**values: object) -> AdviceConfig:
    return AdviceConfig.model_validate(values)


def sure(columns: list[int], p: float = 1.0) -> np.ndarray:
    """Predictions of probability p for these columns, the rest shared by the others."""
    probs = np.full((len(columns), 3), (1 - p) / 2, np.float32)
    probs[np.arange(len(columns)), columns] = p
    return probs


def seen(state: AdviceState, labels: int, columns: list[int], accuracy: float | None = None) -> AdviceState:
    value = None if accuracy is None else MetricValue(value=accuracy, n=100)
    return observed(state, labels, np.arange(len(columns)), sure(columns, 0.9), CLASSES, value)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=60))
def test_kappa_agrees_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    a, b = np.array(pairs).T
    if len(np.union1d(a, b)) == 1:
        assert cohens_kappa(a, b) == 1
    else:
        assert cohens_kappa(a, b) == pytest.approx(cohen_kappa_score(a, b), abs=1e-9)


def test_mean_entropy_of_the_test_vector() -> None:
    probs = np.array([[0.0321, 0.6439, 0.0871, 0.2369]], np.float32)
    assert mean_entropy(probs) == pytest.approx(0.6835, abs=1e-4)
    assert mean_entropy(sure([0, 1])) == 0


@given(st.sets(st.integers(0, 10_000), min_size=1, max_size=300), st.integers(1, 100))
def test_the_stop_set_is_the_same_images_however_they_are_listed(numbers: set[int], size: int) -> None:
    listed = np.array(sorted(numbers))
    chosen = set(listed[stop_set(listed, size)].tolist())
    backwards = listed[::-1]
    assert len(chosen) == min(size, len(listed))
    assert set(backwards[stop_set(backwards, size)].tolist()) == chosen


def test_the_stop_set_is_spread_over_a_sorted_folder_and_grows_slowly() -> None:
    chosen = np.flatnonzero(stop_set(np.arange(10_000), 1_000))
    assert abs(chosen.mean() - 5_000) < 300
    more = np.flatnonzero(stop_set(np.arange(11_000), 1_000))
    assert len(np.intersect1d(chosen, more)) > 850


def test_predictions_are_stable_after_three_looks_that_agree() -> None:
    state, settings = AdviceState(), config(change="off", entropy="off", gain="off")
    columns = [i % 3 for i in range(90)]
    for labels in (20, 40, 60):
        state = seen(state, labels, columns)
        assert advise(state, settings) == []
    state = seen(state, 80, columns)
    [advice] = advise(state, settings)
    assert (advice.rule, advice.holds, advice.stops) == ("stable", True, False)
    assert "kappa of 1.000" in advice.sentence
    state = seen(state, 100, [(i + (i < 6)) % 3 for i in range(90)])
    [advice] = advise(state, settings)
    assert not advice.holds
    assert "kappa of 0.967" in advice.sentence


def test_the_share_of_predictions_that_changed() -> None:
    settings = config(stable="off", entropy="off", gain="off", most_changed=0.01)
    state = seen(seen(AdviceState(), 20, [0] * 200), 45, [0] * 198 + [1] * 2)
    [advice] = advise(state, settings)
    assert advice.holds
    assert advice.sentence == "the last 25 labels changed 1 % of 200 predictions; settled up to 1 %"
    [advice] = advise(seen(state, 65, [1] * 200), settings)
    assert not advice.holds


def test_images_that_came_later_are_not_compared() -> None:
    state = seen(seen(AdviceState(), 20, [0, 1, 2]), 40, [0, 1, 1, 0, 0, 0])
    assert state.changed == pytest.approx(1 / 3)
    none_left = observed(state, 60, np.array([77, 78]), sure([0, 1]), CLASSES, None)
    assert (none_left.changed, none_left.kappas) == (None, ())


def test_a_certain_model() -> None:
    settings = config(stable="off", change="off", gain="off")
    certain, unsure = (
        observed(AdviceState(), 20, np.arange(3), sure([0, 1, 2], p), CLASSES, None) for p in (0.999, 0.9)
    )
    assert advise(certain, settings)[0].holds
    assert not advise(unsure, settings)[0].holds
    assert "entropy of 3 predictions is 0.359" in advise(unsure, settings)[0].sentence


@pytest.mark.parametrize(("later", "holds"), [(0.93, False), (0.92, True), (0.9, True)])
def test_no_gain_in_the_last_labels(later: float, holds: bool) -> None:
    settings = config(stable="off", change="off", entropy="off", gain_labels=40)
    state = AdviceState()
    for labels, accuracy in ((20, 0.92), (40, 0.99), (60, later)):
        assert advise(state, settings) == []
        state = seen(state, labels, [0, 1], accuracy)
    [advice] = advise(state, settings)
    assert advice.holds is holds
    assert "the last 40 labels changed the accuracy on the test images from 92 % to" in advice.sentence


def test_a_gain_may_be_too_small_to_count() -> None:
    state = seen(seen(AdviceState(), 20, [0, 1], 0.90), 60, [0, 1], 0.92)
    found = [
        advise(state, config(stable="off", change="off", entropy="off", gain_labels=40, most_gain=most))[0].holds
        for most in (0.0, 0.01, 0.03)
    ]
    assert found == [False, False, True]


def test_few_test_labels_show_no_gain_and_no_lack_of_one() -> None:
    state = AdviceState()
    for labels in (20, 200):
        few = MetricValue(value=0.9, n=49)
        state = observed(state, labels, np.arange(2), sure([0, 1]), CLASSES, few)
    assert "gain" not in {advice.rule for advice in advise(state, config())}


def test_any_or_all_of_the_rules_that_may_stop_and_each_only_once() -> None:
    state = seen(seen(AdviceState(), 20, [0] * 9), 40, [0] * 9)
    one = config(change="stop", stable="stop")
    assert "changed 0 % of 9" in (stop_reason(state, one) or "")
    both = config(change="stop", stable="stop", require="all")
    assert stop_reason(state, both) is None
    later = seen(seen(state, 60, [0] * 9), 80, [0] * 9)
    assert "; " in (stop_reason(later, both) or "")
    gone_on = state.after_stop(one)
    assert gone_on.fired == {"change"}
    assert stop_reason(gone_on, one) is None
    assert stop_reason(replace(later, fired=gone_on.fired), one) is not None


def test_nothing_stops_by_default_and_what_is_off_says_nothing() -> None:
    state = AdviceState()
    for labels in range(20, 400, 20):
        state = seen(state, labels, [0, 1, 2], 0.9)
    assert {advice.rule for advice in advise(state, config())} == set(RULES)
    assert stop_reason(state, config()) is None
    assert advise(state, config(**dict.fromkeys(RULES, "off"))) == []


def test_a_look_comes_by_the_number_of_labels_not_of_fits(tmp_path: Path) -> None:
    x, y = blobs(150, 12, 3)
    vectors, numbers = VectorFile(tmp_path, 12), np.arange(150)
    vectors.append([bytes([i]) * 16 for i in range(150)], x)
    images = Located(vectors, numbers, numbers)
    space = PixelSpace.fit(np.zeros((12, 4, 4, 3), np.uint8))
    settings, labels = config(every=10, images=100), dict(enumerate(y.tolist()))
    state, model, looks = AdviceState(), Model(), []
    for count in (0, 4, 9, 10, 11, 19, 24, 12):
        train = images.part(numbers < count)
        model = model.fitted(train, labels, Train())
        snapshot = Snapshot(
            space, vectors, images.part((numbers >= count) & (numbers < 140)), train, images.part(numbers >= 140)
        )
        before, state = state, updated(state, settings, model, snapshot, None)
        looks.append(state is not before)
        assert not set(state.predicted) & set(range(140, 150))
    assert looks == [False, False, False, True, False, False, True, True]
    assert len(state.predicted) == 100
    assert state.since == -12
