from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from labeler.analysis.comparison import compare, confident_mistakes, exact_p, flipped, never_right
from labeler.analysis.judged import Judged


def answers(numbers: list[int], right: list[bool], sure: float = 0.8) -> Judged:
    """Two classes; the true one is always 0."""
    probs = np.array([[sure, 1 - sure] if r else [1 - sure, sure] for r in right]).reshape(-1, 2)
    return Judged(np.array(numbers, np.int64), probs, np.zeros(len(numbers), np.int64))


@given(st.integers(0, 60), st.integers(0, 60))
def test_p_is_that_of_the_exact_test(b: int, c: int) -> None:
    expected = binomtest(b, b + c).pvalue if b + c else 1.0
    assert exact_p(b, c) == pytest.approx(expected)


def test_versions_are_compared_on_the_images_that_both_have_judged() -> None:
    first = answers([5, 1, 2, 3, 9], [True, True, False, False, True])
    second = answers([3, 2, 1, 5, 7], [False, True, True, False, True])
    paired = compare(first, second)
    assert paired is not None
    assert (paired.both, paired.first, paired.second, paired.neither, paired.n) == (1, 1, 1, 1, 4)
    assert (paired.difference, paired.p) == (0.0, 1.0)
    assert paired.low == pytest.approx(-paired.high)
    assert compare(first, answers([100], [True])) is None


def test_the_interval_of_the_difference_covers_it() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(300):
        common = rng.random(150)
        one, other = common + rng.normal(0, 0.2, 150) < 0.8, common + rng.normal(0, 0.2, 150) < 0.9
        paired = compare(answers(list(range(150)), one.tolist()), answers(list(range(150)), other.tolist()))
        assert paired is not None
        covered += paired.low <= 0.0952 <= paired.high
    assert covered / 300 > 0.9


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from([True, False, None]), min_size=6, max_size=6), min_size=2, max_size=5))
def test_never_right_and_flipped_follow_their_definitions(right: list[list[bool | None]]) -> None:
    numbers = [4, 8, 1, 6, 2, 11]
    versions = []
    for row in right:
        judged = [(number, r) for number, r in zip(numbers, row, strict=True) if r is not None]
        versions.append(answers([number for number, _ in judged], [r for _, r in judged]))
    columns = {n: [row[i] for row in right if row[i] is not None] for i, n in enumerate(numbers)}
    expected = sorted(n for n, column in columns.items() if len(column) > 1 and not any(column))
    assert never_right(versions).tolist() == expected
    turns = {n: sum(a != b for a, b in pairwise(column)) for n, column in columns.items()}
    assert flipped(versions) == {n: count for n, count in turns.items() if count}


def test_one_version_alone_says_nothing_of_either() -> None:
    assert never_right([answers([1, 2], [False, True])]).tolist() == []
    assert never_right([]).tolist() == []
    assert flipped([answers([1, 2], [False, True])]) == {}


def test_confident_mistakes_follow_their_definition() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 200)
    probs = rng.dirichlet([0.5, 0.5, 0.5], 200) + 0.6 * np.eye(3)[truth]
    probs /= probs.sum(axis=1, keepdims=True)
    judged = Judged(np.arange(200) + 7, probs, truth)
    usual = [probs[truth == k, k].mean() for k in range(3)]
    expected = [i for i in range(200) if (k := probs[i].argmax()) != truth[i] and probs[i, k] >= usual[k]]
    expected.sort(key=lambda i: probs[i, truth[i]] - probs[i].max())
    assert confident_mistakes(judged).tolist() == [i + 7 for i in expected]
    assert 0 < len(expected) < int((~judged.right).sum())


def test_what_is_said_of_a_class_without_images_is_no_confident_mistake() -> None:
    assert confident_mistakes(answers([1, 2], [False, False])).tolist() == []
