"""The planted marker: what is planted and painted, and how what came back is counted."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.pretraining import LabelledSet
from benchmarks.right_reasons import Settings, draw, plant
from benchmarks.right_reasons_table import ARMS, recovered, rows, section

SIZE = 32


def small_set() -> LabelledSet:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 200, (120, SIZE, SIZE, 3), dtype=np.uint8)
    return LabelledSet(pixels, np.arange(120) % 3, np.arange(120) >= 90, ["a", "b", "c"])


def test_only_training_images_of_one_class_carry_the_marker_and_few_are_painted() -> None:
    data = small_set()
    trial = draw(data, 1, Settings(labels=60, painted=5))
    assert trial.marked == 1
    changed = (trial.shown != trial.clean).any((1, 2, 3))
    np.testing.assert_array_equal(changed, data.y[trial.train] == 1)
    assert len(trial.painted) == 5
    for place, region in trial.painted.items():
        moved = (trial.shown[place] != trial.clean[place]).any(axis=2)
        assert (region | ~moved).all()
        assert (trial.shown[place][moved] == 255).all()
    np.testing.assert_array_equal(trial.test, np.flatnonzero(data.test))
    dev = draw(data, 1, Settings(labels=60, painted=5, dev=True))
    assert not data.test[dev.test].any()
    assert set(dev.test.tolist()).isdisjoint(dev.train.tolist())


def test_the_marker_lies_whole_within_the_image() -> None:
    planted, region = plant(np.zeros((50, SIZE, SIZE, 3), np.uint8), 3)
    assert set((planted[..., 0] == 255).sum((1, 2)).tolist()) == {16}
    assert set(region.sum((1, 2)).tolist()) == {36}


def test_what_is_recovered_is_a_ratio_of_means() -> None:
    lost, back = np.array([0.1, 0.2, 0.3]), np.array([0.08, 0.18, 0.22])
    assert recovered(back, lost).startswith("80 % (")
    assert recovered(lost, lost) == "100 %"
    low, high = recovered(back, lost).split("(")[1].rstrip(")").split(" to ")
    error = (back - 0.8 * lost).std(ddof=1) / np.sqrt(3) / 0.2
    assert int(high) - int(low) == pytest.approx(200 * 4.3027 * error, abs=1)
    assert recovered(back[:2], lost[:2]) == "87 %"


def test_the_section_has_a_line_for_each_arm_that_was_measured() -> None:
    scores = {"clean": 0.5, "marked class": 0.2, "marker on others": 0.1}
    few = {name: scores for name, arm in ARMS.items() if arm.network == "as it is"}
    better = {**few, "clean images": {**scores, "clean": 0.9}}
    content = {
        "settings": {"size": 96, "labels": 300, "painted": 30, "steps": 60, "batch": 16},
        "seeds": {"0": better, "1": better},
    }
    assert [row["trained on"] for row in rows(content["seeds"])] == ["clean images", "marker", "marker, copies"]
    text = section(content, "x.png")
    assert "| marker, copies | 2" in " ".join(text.split())
    assert "at most 30 of these are painted" in text
