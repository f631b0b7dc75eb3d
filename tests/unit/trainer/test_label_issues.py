from __future__ import annotations

import numpy as np
import pytest

from shared.asking import LabelIssuesQuestion
from shared.config import Train
from trainer.label_issues import Doubts, TooFewLabels, held_out_probabilities, likely_errors, repeated
from trainer.learner import Model
from trainer.pool import Located, Snapshot


def blobs(n: int, classes: int = 4, dim: int = 12, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors around one direction per class."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    x = np.eye(dim)[y] + rng.normal(0, 0.22, (n, dim))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), y.astype(np.int64)


def flipped(y: np.ndarray, share: float, classes: int = 4, seed: int = 1) -> tuple[np.ndarray, set[int]]:
    """Some labels replaced by another class."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(y), int(share * len(y)), replace=False)
    wrong = y.copy()
    wrong[rows] = (y[rows] + rng.integers(1, classes, len(rows))) % classes
    return wrong, set(rows.tolist())


def test_planted_errors_are_found() -> None:
    x, y = blobs(400)
    labels, planted = flipped(y, 0.08)
    told: list[float] = []
    probs, classes = held_out_probabilities(x, labels, Train(), 1.0, told.append)
    found = likely_errors(np.searchsorted(classes, labels), probs)
    assert len(planted & set(found)) >= 0.9 * len(planted)
    assert len(set(found) - planted) <= 0.25 * len(found)
    assert set(found[:15]) <= planted
    assert told == [0.0, 0.2, 0.4, 0.6, 0.8]


@pytest.mark.parametrize("dim", [12, 300])
def test_no_row_is_judged_by_a_head_that_has_seen_it(dim: int) -> None:
    """With noise for embeddings, held-out predictions are no better than chance; fitted ones would be perfect."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, dim)).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = rng.integers(0, 2, 120)
    probs, _ = held_out_probabilities(x, y, Train(), 1.0, lambda _: None)
    assert probs.sum(axis=1) == pytest.approx(np.ones(120), abs=1e-5)
    assert 0.3 < (probs.argmax(axis=1) == y).mean() < 0.7


def test_a_label_without_a_second_of_its_class_is_left_out() -> None:
    assert repeated(np.array([3, 1, 3, 7, 1])).tolist() == [True, True, True, False, True]
    assert repeated(np.empty(0, np.int64)).tolist() == []


class Images:
    """The pool, as far as a question needs it."""

    def __init__(self, x: np.ndarray) -> None:
        self._x = x

    def snapshot(self, labelled: object) -> Snapshot:
        numbers = np.array(sorted(labelled), np.int64)  # type: ignore[call-overload]
        train = Located(Rows(self._x), 10 + np.arange(len(numbers)), np.arange(len(numbers)))  # type: ignore[arg-type]
        return Snapshot(None, None, None, train, None)  # type: ignore[arg-type]


class Rows:
    def __init__(self, x: np.ndarray) -> None:
        self._x = x

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        return self._x[rows]


def doubts(x: np.ndarray, y: np.ndarray) -> Doubts:
    labels = dict(enumerate(y.tolist(), 10))
    return Doubts(Images(x), Model, lambda: (labels, Train()))  # type: ignore[arg-type]


def test_the_answer_names_images_and_classes() -> None:
    x, y = blobs(200)
    labels, planted = flipped(y, 0.05)
    labels = np.append(labels + 2, 99)
    x = np.concatenate([x, x[:1]])
    facts = doubts(x, labels).issues(LabelIssuesQuestion(turn=0), lambda _: None).facts
    assert (facts["examined"], facts["left_out"]) == (200, 1)
    image, label, said, least, most = facts["issues"][0]
    assert image - 10 in planted
    assert label == labels[image - 10]
    assert said == y[image - 10] + 2
    assert 0 <= least < most <= 1


def test_too_few_labels_are_said_to_be_too_few() -> None:
    x, y = blobs(12)
    with pytest.raises(TooFewLabels, match="12 training labels can be doubted; it takes 20"):
        doubts(x, np.arange(12) % 2).issues(LabelIssuesQuestion(turn=0), lambda _: None)
    with pytest.raises(TooFewLabels):
        doubts(x[:0], y[:0]).issues(LabelIssuesQuestion(turn=0), lambda _: None)
