from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from shared.config import Train
from tests.unit.trainer.models.test_head import blobs
from trainer.costs import label_weights
from trainer.learner import Model, holdout_probabilities
from trainer.pool import Located
from trainer.uncertainty.temperature import cross_validated_temperature
from trainer.vectors import VectorFile


@pytest.fixture
def images(tmp_path: Path) -> tuple[Located, Mapping[int, int]]:
    """120 embedded images of 3 classes."""
    x, y = blobs(120, 16, 3)
    vectors = VectorFile(tmp_path, 16)
    vectors.append([bytes([i]) * 16 for i in range(120)], x)
    numbers = np.arange(120)
    return Located(vectors, numbers, numbers), dict(enumerate(y.tolist()))


def first(images: Located, count: int) -> Located:
    return images.part(np.arange(len(images)) < count)


def test_the_temperature_is_that_of_cross_validation_and_changes_no_likeliest_class(
    images: tuple[Located, Mapping[int, int]],
) -> None:
    located, labels = images
    train, config = first(located, 60), Train()
    plain = Model().fitted(train, labels, config)
    model = plain.calibrated(train, labels, config)
    x, y = train[np.arange(60)], np.array([labels[i] for i in range(60)])
    assert model.temperature == pytest.approx(cross_validated_temperature(x, y, config.C, True), rel=0.03)
    assert model.temperature != 1
    assert (model.version, model.head) == (plain.version, plain.head)
    before, after = plain.probabilities(located), model.probabilities(located)
    np.testing.assert_array_equal(before.argmax(axis=1), after.argmax(axis=1))
    powers = before.astype(np.float64) ** (1 / model.temperature)
    np.testing.assert_allclose(after, powers / powers.sum(axis=1, keepdims=True), atol=1e-3)
    np.testing.assert_allclose(holdout_probabilities(model, located, 3), after, atol=1e-3)


def test_it_is_due_after_a_tenth_more_or_fewer_labels(images: tuple[Located, Mapping[int, int]]) -> None:
    located, labels = images
    config = Train()
    assert not Model().calibration_due
    model = Model().fitted(first(located, 50), labels, config)
    assert model.calibration_due
    model = model.calibrated(first(located, 50), labels, config)
    for count, due in ((50, False), (54, False), (55, True), (46, False), (45, True)):
        assert model.fitted(first(located, count), labels, config).calibration_due is due


def test_without_labels_nothing_is_left_of_it(images: tuple[Located, Mapping[int, int]]) -> None:
    located, labels = images
    model = Model(4).fitted(first(located, 50), labels, Train()).calibrated(first(located, 50), labels, Train())
    assert model.fitted(first(located, 0), labels, Train()) == Model(6)
    assert Model(3).calibrated(located, labels, Train()) == Model(3)


def test_a_class_of_weight_two_is_fitted_as_if_its_labels_were_given_twice(
    images: tuple[Located, Mapping[int, int]],
) -> None:
    located, labels = images
    train, config = first(located, 60), Train(class_balanced=False, class_weights={"b": 2.0, "gone": 5.0})
    weigh = label_weights(config, {0: "a", 1: "b", 2: "c"})
    assert weigh == {1: 2.0}
    model = Model().fitted(train, labels, config, weigh)
    x, y = train[np.arange(60)], np.array([labels[i] for i in range(60)])
    twice = np.concatenate([np.arange(60), np.flatnonzero(y == 1)])
    theirs = LogisticRegression(C=config.C, max_iter=1000, tol=1e-8).fit(x[twice], y[twice]).predict_proba(x)
    np.testing.assert_allclose(model.probabilities(train), theirs, atol=0.01)
    plain, weighted = model.calibrated(train, labels, config), model.calibrated(train, labels, config, weigh)
    assert plain.temperature != weighted.temperature
