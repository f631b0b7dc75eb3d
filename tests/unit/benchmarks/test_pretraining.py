"""The comparison of features that the benchmark prints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.stats import ttest_rel

from benchmarks.pretraining import LABELS, LabelledSet, accuracies, compare, digits_set, read_set
from trainer.models.head import Floats


def vectors_of(y: np.ndarray, noise: float) -> Floats:
    x = np.eye(3)[y] + noise * np.random.default_rng(1).standard_normal((len(y), 3))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def some_set(count: int = 400) -> LabelledSet:
    y = np.arange(count) % 3
    return LabelledSet(np.zeros((count, 2, 2, 3), np.uint8), y, np.arange(count) % 4 == 0, ["a", "b", "c"])


def test_better_features_are_ahead_by_the_paired_interval() -> None:
    data = some_set()
    poor, good = vectors_of(data.y, 1.0), vectors_of(data.y, 0.3)
    rows = compare({"poor": poor, "good": good}, data, 6)
    assert [row["labels"] for row in rows] == list(LABELS)
    pairs = [accuracies(x, data, 50, 6).astype(float) for x in (good, poor)]
    interval = ttest_rel(*pairs).confidence_interval()
    middle, half = (interval.low + interval.high) / 2, (interval.high - interval.low) / 2
    assert middle > 0
    assert rows[2]["good − poor"] == f"{middle:+.3f} ± {half:.3f}"


def test_labels_are_drawn_from_the_training_part_alone() -> None:
    data = some_set()
    x = np.where(data.test[:, None], 0.0, 1.0) * vectors_of(data.y, 0.0)
    assert accuracies(x.astype(np.float32), data, 50, 2).max() < 0.5


def test_a_set_is_read_with_its_split(tmp_path: Path) -> None:
    for name, grey in (("a.png", 0), ("b.png", 255)):
        Image.new("L", (40, 30), grey).save(tmp_path / name)
    (tmp_path / "labels.csv").write_text("filename,label,split\na.png,dark,train\nb.png,bright,test\n")
    data = read_set(tmp_path, tmp_path / "labels.csv")
    assert data.pixels.shape == (2, 32, 32, 3)
    assert data.classes == ["bright", "dark"]
    assert data.y.tolist() == [1, 0]
    assert data.test.tolist() == [False, True]


def test_a_third_of_the_digits_is_for_the_test() -> None:
    data = digits_set()
    assert data.test.sum() == len(data.y) // 3
    assert np.array_equal(data.test, digits_set().test)
