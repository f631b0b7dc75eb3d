"""The paired test, against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from trainer.slow.verdict import FOLDS, LEVEL, compare, fold_of, right_in_folds, right_on

answers = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def flags(pairs: list[tuple[bool, bool]]) -> tuple[np.ndarray, np.ndarray]:
    before, after = np.array(pairs, np.bool_).T
    return before, after


@given(answers)
def test_it_is_the_one_sided_sign_test(pairs: list[tuple[bool, bool]]) -> None:
    verdict = compare(*flags(pairs))
    assert verdict.better == sum(after and not before for before, after in pairs)
    assert verdict.worse == sum(before and not after for before, after in pairs)
    different = verdict.better + verdict.worse
    expected = binomtest(verdict.better, different, 0.5, "less").pvalue if different else 1.0
    assert verdict.p == pytest.approx(expected)
    assert verdict.accepted == (expected > LEVEL)


@given(answers)
def test_what_is_better_on_more_labels_than_worse_is_accepted(pairs: list[tuple[bool, bool]]) -> None:
    verdict = compare(*flags(pairs))
    assert verdict.accepted or verdict.worse > verdict.better


def test_the_sentence_says_what_was_found() -> None:
    before = np.array([True] * 5 + [False] * 5)
    assert compare(before, ~before).sentence == (
        "accepted: of 10 validation labels 5 are right that were wrong before, 5 wrong that were right"
    )
    assert compare(before, np.zeros(10, np.bool_)).sentence.startswith("refused: of 10 validation labels 0 are right")


def test_a_class_that_was_not_trained_on_is_wrong() -> None:
    x = np.eye(3, dtype=np.float32)
    right = right_on(x[:2], np.array([4, 7]), x, np.array([4, 7, 9]), 30.0, True)
    assert right.tolist() == [True, True, False]


def test_in_folds_nothing_is_asked_that_the_head_has_seen() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    folds = np.arange(60) // 12
    alone = np.eye(60, dtype=np.float32)  # nothing is alike: what was not seen cannot be known
    assert right_in_folds(alone, y, folds, 30.0, True).mean() < 0.6
    alike = (np.eye(3)[y] + 0.01 * rng.standard_normal((60, 3))).astype(np.float32)
    assert right_in_folds(alike, y, folds, 30.0, True).all()


@given(st.binary(min_size=16, max_size=16))
def test_an_image_is_always_in_the_same_fold(content: bytes) -> None:
    assert 0 <= fold_of(content) < FOLDS
    assert fold_of(content) == fold_of(bytes(content))
