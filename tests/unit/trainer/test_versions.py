from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messages import MetricValue
from shared.versions import unpack_probs
from trainer.learner import Model
from trainer.models.head import Head
from trainer.versions import Version, VersionGone, VersionStore, missing, thinned

LOG = "8f2c1f7e-0000-4000-8000-000000000000"


def version(number: int, log_id: str = LOG, space: str = "pixels-1") -> Version:
    rng = np.random.default_rng(number)
    head = Head(np.array([0, 2]), rng.normal(size=(2, 5)).astype("f4"), rng.normal(size=2).astype("f4"), 0.5)
    model = Model(number, head, labels=3 * number, temperature=1.5, calibrated_on=3 * number)
    probs = rng.dirichlet([1, 1], 4).astype(np.float32)
    metrics = {"accuracy": MetricValue(value=0.5, low=0.2, high=0.8, n=4)}
    return Version(model, 10 * number, log_id, space, 2, metrics, np.array([1, 5, 6, 9]), probs)


def test_a_version_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    store, kept = VersionStore(tmp_path / "versions", 5), version(3)
    store.keep(kept)
    found = store.load(LOG, 3)
    assert found.model.head is not None and kept.model.head is not None
    for name in ("classes", "weight", "bias"):
        np.testing.assert_array_equal(getattr(found.model.head, name), getattr(kept.model.head, name))
    assert (found.model.temperature, found.model.labels, found.seq, found.space) == (1.5, 9, 30, "pixels-1")
    assert found.metrics == kept.metrics
    np.testing.assert_array_equal(found.images, kept.images)
    np.testing.assert_allclose(found.probs, kept.probs, atol=1e-3)
    assert set(store.spaces(LOG).values()) == {"pixels-1"}


def test_a_report_says_what_the_version_says(tmp_path: Path) -> None:
    report = version(3).report(epoch=7, kept=True)
    assert (report.epoch, report.version, report.labels, report.classes) == (7, 3, 9, [0, 2])
    np.testing.assert_allclose(unpack_probs(report.probs, 2), version(3).probs, atol=1e-3)


def test_what_is_said_where_costs_decide_is_kept_with_the_version(tmp_path: Path) -> None:
    store, said = VersionStore(tmp_path, 5), np.array([2, 0, 0, 2])
    store.keep(replace(version(1), said=said))
    store.keep(version(2))
    assert store.load(LOG, 1).report(1, kept=True).said == said.tolist()
    assert store.load(LOG, 2).report(1, kept=True).said == []


def test_versions_of_another_log_are_another_matter(tmp_path: Path) -> None:
    store = VersionStore(tmp_path, 5)
    store.keep(version(1))
    store.keep(version(2, "other-log"))
    assert (store.numbers(LOG), store.numbers("other-log"), store.numbers(None)) == ([1], [2], [])
    with pytest.raises(VersionGone, match="kept are: 1"):
        store.load(LOG, 2)


def test_beyond_the_limit_versions_are_thinned_out_and_named_ones_stay(tmp_path: Path) -> None:
    store = VersionStore(tmp_path, 4)
    store.named = frozenset({2})
    for number in range(1, 9):
        store.keep(version(number))
    numbers = store.numbers(LOG)
    assert len(numbers) == 4
    assert {1, 2, 8} <= set(numbers)


@pytest.mark.parametrize("damage", [b"", b"not a tensor file"])
def test_a_damaged_file_says_so(tmp_path: Path, damage: bytes) -> None:
    store = VersionStore(tmp_path, 4)
    store.keep(version(1))
    next(tmp_path.glob("*.safetensors")).write_bytes(damage)
    with pytest.raises(VersionGone, match="cannot be read"):
        store.load(LOG, 1)
    assert store.spaces(LOG) == {}


@given(
    numbers=st.lists(st.integers(1, 500), unique=True, max_size=60).map(sorted),
    named=st.sets(st.integers(1, 500), max_size=5),
    most=st.integers(3, 20),
)
def test_thinning_leaves_the_ends_the_named_and_no_more_than_it_must(
    numbers: list[int], named: set[int], most: int
) -> None:
    gone = thinned(numbers, named, most)
    left = [number for number in numbers if number not in gone]
    assert set(gone) <= set(numbers) - named - set(numbers[:1]) - set(numbers[-1:])
    assert len(left) == min(len(numbers), most) or len(left) <= len(named) + 2


def test_thinning_again_and_again_keeps_an_even_spread() -> None:
    numbers: list[int] = []
    for number in range(1, 401):
        numbers.append(number)
        gone = set(thinned(numbers, (), 20))
        numbers = [kept for kept in numbers if kept not in gone]
    gaps = np.diff(numbers)
    assert len(numbers) == 20
    assert gaps.max() <= 4 * np.median(gaps)


def test_the_labeler_is_told_what_it_does_not_know() -> None:
    assert missing([5, 1, 3], [1, 2]) == [3, 5]
