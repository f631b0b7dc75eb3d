from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from labeler.holdout import draw_holdout, holdout_size, size_for_proof, test_quota
from shared.config import Holdout, Stop

test_quota.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("images", "size"), [(0, 0), (2, 0), (3, 1), (300, 100), (450, 150), (1000, 150), (1797, 180), (9000, 500)]
)
def test_a_tenth_within_bounds(images: int, size: int) -> None:
    assert holdout_size(images, Holdout()) == size


@pytest.mark.parametrize(
    ("goal", "images", "size"), [(0.9, 1800, 200), (0.95, 1800, 400), (0.95, 900, 300), (0.99, 9000, 500)]
)
def test_a_goal_asks_for_as_many_as_can_prove_it(goal: float, images: int, size: int) -> None:
    stop = Stop.model_validate({"thresholds": {"accuracy": {"at_least": goal}}})
    assert holdout_size(images, Holdout(), size_for_proof(stop)) == size


@pytest.mark.parametrize("goal", [0.8, 0.9, 0.95])
def test_half_the_errors_of_a_model_at_the_goal_prove_it(goal: float) -> None:
    """Checked with SciPy's beta distribution at the level of one look of seven [Clopper & Pearson 1934]."""
    n = size_for_proof(Stop.model_validate({"thresholds": {"accuracy": {"at_least": goal}}}))
    assert beta.ppf(0.05 / 7, n - 9, 10) > goal
    assert beta.ppf(0.05 / 7, n - 20, 21) < goal


def test_without_a_goal_of_accuracy_nothing_more_is_asked_for() -> None:
    assert size_for_proof(Stop()) == 0
    assert size_for_proof(Stop.model_validate({"thresholds": {"loss": {"at_most": 0.1}}})) == 0


@given(st.integers(0, 100_000), st.floats(0, 0.5), st.integers(0, 300), st.integers(300, 600))
def test_never_more_than_a_third(images: int, fraction: float, low: int, high: int) -> None:
    assert holdout_size(images, Holdout(fraction=fraction, min_images=low, max_images=high)) <= images / 3


@given(st.sets(st.text("0123456789abcdef", min_size=8, max_size=8), max_size=50), st.integers(-3, 60))
def test_the_draw_does_not_depend_on_the_order(ids: set[str], count: int) -> None:
    drawn = draw_holdout(sorted(ids), count)
    assert drawn == draw_holdout(sorted(ids, reverse=True), count)
    assert len(drawn) == min(max(count, 0), len(ids))
    assert drawn <= ids


def test_the_draw_is_even_over_the_folder() -> None:
    ids = [hashlib.blake2b(str(i).encode(), digest_size=16).hexdigest() for i in range(4000)]
    drawn = draw_holdout(ids, 1000)
    first_half = sum(image in drawn for image in ids[:2000])
    assert abs(first_half - 500) < 5 * (4000 * 0.25 * 0.75 / 4) ** 0.5


def test_three_in_ten_until_a_hundred_then_fifteen_in_a_hundred() -> None:
    assert test_quota(10) == pytest.approx(3)
    assert test_quota(100) == pytest.approx(30)
    assert test_quota(300) == pytest.approx(60)
