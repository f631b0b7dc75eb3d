from __future__ import annotations

import numpy as np

from labeler.analysis.judged import Judged, judge


def random_judged(n: int, classes: int, seed: int, coarse: bool = False) -> Judged:
    """Answers that are better than chance; coarse: with many equal probabilities."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, n)
    logits = rng.normal(size=(n, classes)) + np.eye(classes)[truth]
    probs = np.exp(logits)
    probs /= probs.sum(axis=1, keepdims=True)
    return Judged(rng.permutation(10 * n + 1)[:n], np.round(probs, 1) if coarse else probs, truth)


def test_answers_are_put_beside_the_labels_of_today() -> None:
    numbers = np.array([7, 3, 9])
    probs = [[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]]
    judged = judge(numbers, probs, np.array([2, 0]), {3: 1, 7: 2, 100: 0}, 3)
    assert judged.numbers.tolist() == [7, 3]
    assert judged.probs.tolist() == [[0.1, 0.0, 0.9], [0.8, 0.0, 0.2]]
    assert judged.truth.tolist() == [2, 1]
    assert judged.right.tolist() == [True, False]
    assert judged.confidence.tolist() == [0.9, 0.8]
    assert (len(judged), judged.classes) == (2, 3)


def test_where_costs_decide_what_is_said_counts_and_not_the_likeliest() -> None:
    judged = judge(np.array([7, 3, 9]), np.full((3, 2), 0.5), np.array([0, 1]), {3: 1, 7: 0}, 2, np.array([1, 1, 0]))
    assert judged.predicted.tolist() == [1, 1]
    assert judged.likeliest.tolist() == [0, 0]
    assert judged.right.tolist() == [False, True]
    assert judged.of(judged.numbers[[1]]).predicted.tolist() == [1]


def test_some_images_in_a_given_order() -> None:
    judged = random_judged(40, 3, 1)
    wanted = judged.numbers[[5, 2, 30]]
    part = judged.of(wanted)
    assert part.numbers.tolist() == wanted.tolist()
    assert part.truth.tolist() == judged.truth[[5, 2, 30]].tolist()
    assert np.array_equal(part.probs, judged.probs[[5, 2, 30]])
    assert len(judged.of(judged.numbers[:0])) == 0


def test_nothing_judged_yet() -> None:
    empty = judge(np.empty(0, np.int64), np.empty((0, 0)), np.empty(0, np.int64), {}, 0)
    assert (len(empty), empty.classes) == (0, 0)
    assert empty.predicted.tolist() == []
    assert empty.confidence.tolist() == []
