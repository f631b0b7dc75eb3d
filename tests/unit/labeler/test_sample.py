"""The digits that a fresh machine is given to label."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from labeler import sample
from labeler.sample import fill_if_empty, sample_labels
from shared.images import inspect


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    images = tmp_path_factory.mktemp("sample") / "images"
    assert fill_if_empty(images) == 1797
    return images


def test_every_digit_is_there_with_its_label(filled: Path) -> None:
    labels = dict(sample_labels())
    assert {str(path.relative_to(filled)) for path in filled.rglob("*") if path.is_file()} == set(labels)
    assert Counter(labels.values()) == Counter(str(digit) for digit in load_digits().target)


def test_a_picture_shows_its_digit(filled: Path) -> None:
    """Shrunk again, each picture is the original that its label belongs to."""
    data = load_digits()
    originals = {
        image.astype(np.uint8).tobytes(): str(digit) for image, digit in zip(data.images, data.target, strict=True)
    }
    for name, label in sample_labels()[::100]:
        picture = Image.open(filled / name)
        assert inspect((filled / name).read_bytes(), 10**6).displayable
        small = picture.resize((8 + sample.MARGIN,) * 2, Image.Resampling.BOX)
        ink = (255 - np.asarray(small, float)[1:-1, 1:-1]) * (16 / 255)
        nearest = min(originals, key=lambda key: float(((np.frombuffer(key, np.uint8).reshape(8, 8) - ink) ** 2).sum()))
        assert originals[nearest] == label


def test_names_and_their_order_tell_nothing() -> None:
    names, labels = zip(*sample_labels(), strict=True)
    assert all(re.fullmatch(r"sample/digit_\d{4}\.png", name) for name in names)
    last_digit_is_label = np.mean([name[-5] == label for name, label in zip(names, labels, strict=True)])
    follows = np.mean([(int(b) - int(a)) % 10 == 1 for a, b in itertools.pairwise(labels)])
    assert last_digit_is_label < 0.15 and follows < 0.15


@pytest.mark.parametrize("name", ["mine.jpg", "deep/in/here.PNG"])
def test_a_folder_with_an_image_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_bytes(b"not even a real one")
    assert fill_if_empty(tmp_path) == 0
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / name]


def test_an_interruption_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(count: int) -> list[str]:
        raise KeyboardInterrupt

    (tmp_path / ".gitkeep").touch()
    with monkeypatch.context() as patch:
        patch.setattr(sample, "sample_names", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fill_if_empty(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".gitkeep"]


def test_what_a_killed_run_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digits = sample.load_digits()
    monkeypatch.setattr(sample, "load_digits", lambda: (digits[0][:5], digits[1][:5]))
    (tmp_path / ".sample-dead").mkdir()
    (tmp_path / ".sample-dead" / "digit_0001.png").touch()
    assert fill_if_empty(tmp_path) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["sample"]
