from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.contact_sheet import draw, first_asked, most_alike, report, why
from benchmarks.labelled_set import LabelledSet
from benchmarks.replay import SeedPool
from shared.config import Config, Strategy
from shared.messages import RankingEntry, Reason, ReasonKind

DIM, TRAIN, TEST = 8, 60, 6


@pytest.fixture
def source() -> LabelledSet:
    rng = np.random.default_rng(0)
    y = np.arange(TRAIN + TEST) % 3
    x = np.eye(3, DIM)[y] + rng.normal(0, 0.2, (len(y), DIM))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    paths = tuple(f"{number}.png" for number in range(len(y)))
    return LabelledSet("made", "made", x.astype(np.float16), y, np.arange(len(y)) >= TRAIN, ("a", "b", "c"), paths)


@pytest.mark.parametrize("name", ["uherding", "margin"])
def test_each_image_is_asked_once_from_the_training_part(source: LabelledSet, tmp_path: Path, name: str) -> None:
    entries = first_asked(SeedPool(source, tmp_path), Config(strategy=Strategy(name=name)), count=12, step=5)
    numbers = [entry.image for entry in entries]
    assert len(numbers) == len(set(numbers)) == 12
    assert max(numbers) < TRAIN
    assert entries[0].prediction is None
    assert all(entry.prediction for entry in entries[5:])


def test_a_small_pool_ends_early(source: LabelledSet, tmp_path: Path) -> None:
    assert len(first_asked(SeedPool(source, tmp_path), Config(), count=100, step=25)) == TRAIN


def test_reasons_in_a_few_words() -> None:
    assert why(Reason(kind=ReasonKind.UNCERTAIN, classes=[2, 0]), "abc") == "c or a?"
    assert why(Reason(kind=ReasonKind.UNCERTAIN), "abc") == "uncertain"
    assert why(Reason(kind=ReasonKind.DIVERSE), "abc") == "unlike any before"
    assert why(Reason(kind=ReasonKind.RANDOM), "abc") == "at random"


def test_the_sheet_shows_each_image_in_its_place(source: LabelledSet, tmp_path: Path) -> None:
    for number, colour in enumerate(("red", "blue")):
        Image.new("RGB", (40, 20), colour).resize((400, 200)).save(tmp_path / f"{number}.png")
    entries = [RankingEntry(image=n, score=0.5, reason=Reason(kind=ReasonKind.DIVERSE)) for n in (1, 0)]
    sheet = draw(entries, source, tmp_path).convert("RGB")
    assert sheet.getpixel((10 + 88, 10 + 88)) == (0, 0, 255)
    assert sheet.getpixel((10 + 176 + 10 + 88, 10 + 88)) == (255, 0, 0)


def test_variety_is_counted_beside_random_draws(source: LabelledSet) -> None:
    asked, random = report([0, 3, 6, 1], source, np.random.default_rng(0))
    assert [asked[name] for name in ("a", "b", "c", "classes")] == ["3", "1", "0", "2"]
    assert sum(float(str(random[name])) for name in "abc") == pytest.approx(4, abs=0.02)


def test_most_alike_is_the_highest_cosine(source: LabelledSet) -> None:
    x = source.x.astype(np.float64)
    pairs = [x[i] @ x[j] for i, j in ((0, 1), (0, 5), (1, 5))]
    assert most_alike(source, [0, 1, 5]) == pytest.approx(max(pairs), abs=1e-3)
