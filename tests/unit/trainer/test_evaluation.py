from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, log_loss, precision_score, recall_score

from trainer.evaluation import Floats, Integers, bootstrap_weights, evaluate, expected_calibration_error


def predictions(n: int, classes: int, seed: int = 0) -> tuple[Floats, Integers]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, n)
    logits = rng.normal(size=(n, classes)) + 1.5 * np.eye(classes)[truth]
    probs = np.exp(logits)
    return (probs / probs.sum(axis=1, keepdims=True)).astype(np.float32), truth


def names(classes: int) -> dict[int, str]:
    return {i: f"c{i}" for i in range(classes)}


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 120), st.integers(2, 6), st.integers(0, 999))
def test_values_agree_with_scikit_learn(n: int, classes: int, seed: int) -> None:
    probs, truth = predictions(n, classes, seed)
    said = probs.argmax(axis=1)
    metrics = evaluate(probs, truth, names(classes))
    assert metrics["accuracy"].value == pytest.approx((said == truth).mean())
    exact = probs.astype(np.float64) / probs.sum(axis=1, keepdims=True, dtype=np.float64)
    assert metrics["loss"].value == pytest.approx(log_loss(truth, exact, labels=np.arange(classes)), rel=1e-4)
    assert metrics["f1_macro"].value == pytest.approx(f1_score(truth, said, average="macro"), abs=1e-6)
    labels = np.arange(classes)
    precision = precision_score(truth, said, average=None, labels=labels, zero_division=0)
    recall = recall_score(truth, said, average=None, labels=labels, zero_division=0)
    for k in range(classes):
        assert (f"precision/c{k}" in metrics) == (k in said)
        assert (f"recall/c{k}" in metrics) == (k in truth)
        if k in said:
            assert metrics[f"precision/c{k}"].value == pytest.approx(precision[k])
            assert metrics[f"precision/c{k}"].n == (said == k).sum()
        if k in truth:
            assert metrics[f"recall/c{k}"].value == pytest.approx(recall[k])
            assert metrics[f"recall/c{k}"].n == (truth == k).sum()


def slow_ece(probs: Floats, truth: Integers, bins: int) -> float:
    """The definition, bin by bin."""
    confidence, right = probs.max(axis=1), probs.argmax(axis=1) == truth
    total = 0.0
    for b in range(bins):
        inside = (confidence > b / bins) & (confidence <= (b + 1) / bins)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return total


@pytest.mark.parametrize("seed", range(5))
def test_calibration_error_agrees_with_its_definition(seed: int) -> None:
    probs, truth = predictions(200, 4, seed)
    assert expected_calibration_error(probs, truth) == pytest.approx(slow_ece(probs, truth, 15), abs=1e-5)


def test_calibration_error_of_certain_predictions_is_the_error_rate() -> None:
    probs = np.eye(2, dtype=np.float32)[[0, 0, 0, 1]]
    assert expected_calibration_error(probs, np.array([0, 0, 1, 1])) == pytest.approx(0.25)


def test_every_interval_holds_its_value_and_only_ece_has_none() -> None:
    probs, truth = predictions(40, 3)
    for name, metric in evaluate(probs, truth, names(3)).items():
        if name == "ece":
            assert metric.low is metric.high is None
        else:
            assert metric.low is not None
            assert metric.high is not None
            assert metric.low <= metric.value <= metric.high


def test_bootstrap_interval_of_the_loss_is_that_of_the_central_limit_theorem() -> None:
    probs, truth = predictions(500, 3)
    loss = evaluate(probs, truth, names(3))["loss"]
    each = -np.log(probs[np.arange(500), truth])
    half = 1.96 * each.std() / np.sqrt(500)
    assert loss.low == pytest.approx(each.mean() - half, abs=0.3 * half)
    assert loss.high == pytest.approx(each.mean() + half, abs=0.3 * half)


def test_bootstrap_samples_have_n_images_and_a_seed() -> None:
    weights = bootstrap_weights(17, 3)
    assert (weights.sum(axis=1) == 17).all()
    assert (weights == bootstrap_weights(17, 3)).all()
    assert (weights != bootstrap_weights(17, 4)).any()


def test_the_same_predictions_give_the_same_numbers() -> None:
    probs, truth = predictions(60, 3)
    assert evaluate(probs, truth, names(3)) == evaluate(probs, truth, names(3))


def test_a_class_without_training_labels_costs_a_finite_loss() -> None:
    metrics = evaluate(np.array([[1, 0], [1, 0]], np.float32), np.array([0, 1]), names(2))
    assert metrics["loss"].value == pytest.approx(16.118 / 2, abs=0.01)
    assert metrics["accuracy"].value == 0.5


def test_nothing_labelled_means_nothing_measured() -> None:
    assert evaluate(np.empty((0, 3), np.float32), np.empty(0, np.int64), names(3)) == {}


def test_refused_test_images_count_as_wrong_in_the_worst_case() -> None:
    probs = np.eye(2, dtype=np.float32)[[0, 1, 0, 1]]
    metrics = evaluate(probs, np.array([0, 1, 0, 0]), {0: "a", 1: "b"}, refused=2)
    assert (metrics["accuracy_worst"].value, metrics["accuracy_worst"].n) == (3 / 6, 6)
    assert "accuracy_worst" not in evaluate(probs, np.array([0, 1, 0, 0]), {0: "a", 1: "b"})
