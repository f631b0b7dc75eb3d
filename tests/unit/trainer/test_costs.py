"""Costs of mistakes: the weights of labels and the class that is said, against independent computations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.config import Train
from trainer.costs import Costs, costs_of, label_weights
from trainer.evaluation import evaluate
from trainer.export import ModelCard, likeliest
from trainer.models.space import SpaceInfo
from trainer.ranking import _best

NAMES = {0: "a", 1: "b", 2: "c"}
TRAIN = Train(costs={"a": {"b": 5.0}, "c": {"a": 0.5, "b": 3.0}}, class_weights={"b": 2.0})
MATRIX = np.array([[0, 5, 1], [1, 0, 1], [0.5, 3, 0]])


def costs() -> Costs:
    found = costs_of(TRAIN, NAMES)
    assert found is not None
    return found


def test_the_matrix_has_one_where_nothing_is_said_and_nothing_for_the_right_answer() -> None:
    np.testing.assert_array_equal(costs().matrix, MATRIX)
    np.testing.assert_allclose(costs().weights, [3.0, 1.0, 1.75])
    assert costs_of(Train(), NAMES) is None


def test_labels_count_by_the_mean_cost_of_their_row_and_by_their_class() -> None:
    assert label_weights(TRAIN, NAMES) == {0: 3.0, 1: 2.0, 2: 1.75}
    assert label_weights(Train(), NAMES) == {}


@given(st.lists(st.floats(0.01, 1), min_size=3, max_size=3))
def test_weights_in_the_fit_do_not_count_twice_in_the_decision(raw: list[float]) -> None:
    p = np.array(raw) / sum(raw)
    expected = np.sort(p @ MATRIX)
    weighted = p * costs().weights
    said = costs().decide((weighted / weighted.sum())[None].astype(np.float32))[0]
    if expected[1] - expected[0] > 1e-4:
        assert said == (p @ MATRIX).argmin()


@pytest.mark.parametrize(("probability", "said"), [(0.74, 0), (0.76, 1)])
def test_of_two_classes_the_dear_one_needs_less_probability(probability: float, said: int) -> None:
    """Elkan's threshold: 1 is said from p = c10 / (c10 + c01) on, here 3 / 4."""
    two = Costs(np.array([[0.0, 3.0], [1.0, 0.0]]), np.ones(2))
    assert two.decide(np.array([[1 - probability, probability]], np.float32))[0] == said


def test_a_class_nobody_has_learnt_is_not_said() -> None:
    cheap = Costs(np.array([[0.0, 9.0, 0.1], [9.0, 0.0, 0.1], [1.0, 1.0, 0.0]]), np.ones(3))
    probs = np.array([[0.5, 0.5, 0.0], [0.6, 0.4, 0.0]], np.float32)
    assert set(cheap.decide(probs).tolist()) <= {0, 1}
    assert cheap.part(np.array([0, 1])).matrix.shape == (2, 2)


def test_the_expected_cost_is_the_mean_of_what_the_answers_cost() -> None:
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.ones(3), 200).astype(np.float32)
    truth = rng.integers(0, 3, 200)
    metrics = evaluate(probs, truth, NAMES, costs=costs())
    said = (probs.astype(np.float64) @ (MATRIX / MATRIX.sum(axis=1, keepdims=True) * 2)).argmin(axis=1)
    assert metrics["expected_cost"].value == pytest.approx(MATRIX[truth, said].mean())
    assert metrics["accuracy"].value == pytest.approx((said == truth).mean())
    low, high = metrics["expected_cost"].low, metrics["expected_cost"].high
    assert low is not None
    assert high is not None
    assert low < metrics["expected_cost"].value < high
    assert "expected_cost" not in evaluate(probs, truth, NAMES)


def test_what_is_said_comes_first_only_where_costs_are_configured() -> None:
    probs = np.array([0.3, 0.45, 0.25], np.float32)
    classes = np.arange(3)
    assert [k for k, _ in _best(probs, classes, None)] == [1, 0, 2]
    found = _best(probs, classes, Costs(MATRIX, np.ones(3)))
    assert [k for k, _ in found] == [0, 1, 2]
    assert found[0][1] == pytest.approx(0.3)


def test_an_exported_model_says_the_same() -> None:
    card = ModelCard(
        format=1,
        program="",
        model_version=1,
        applied_seq=0,
        log_id=None,
        classes=["a", "b", "c"],
        preprocessing=SpaceInfo(kind="pixels", name="", weights="", image_size=8, dim=2),
        labels=3,
        metrics={},
        costs=costs().scaled.tolist(),
    )
    read = ModelCard.model_validate_json(card.model_dump_json())
    probs = np.random.default_rng(1).dirichlet(np.ones(3), 50).astype(np.float32)
    said = [label for label, _ in likeliest(probs, read.classes, read.decision)]
    assert said == [read.classes[k] for k in costs().decide(probs)]
    assert said != [label for label, _ in likeliest(probs, read.classes)]
    assert card.model_copy(update={"costs": None}).decision is None
