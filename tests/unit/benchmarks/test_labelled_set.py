from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.labelled_set import BadLabels, known_images, read_arrays, read_digits, read_folder
from shared.config import Model


def write_images(root: Path, count: int) -> None:
    rng = np.random.default_rng(0)
    for i in range(count):
        path = root / ("even" if i % 2 == 0 else "odd") / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(path)


def write_csv(path: Path, lines: list[str], header: str = "filename,label,split") -> Path:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_a_folder_is_embedded_once_and_never_written_to(tmp_path: Path) -> None:
    images, data = tmp_path / "images", tmp_path / "data"
    write_images(images, 12)
    (images / "even" / "unnamed.png").write_bytes((images / "even" / "0.png").read_bytes())
    lines = [
        f"images/{'even' if i % 2 == 0 else 'odd'}/{i}.png,{i % 2},{'test' if i < 4 else 'train'}" for i in range(12)
    ]
    labels = write_csv(tmp_path / "labels.csv", lines)
    before = sorted(images.rglob("*"))
    found = read_folder(images, labels, Model(weights="none"), "cpu", data)
    assert sorted(images.rglob("*")) == before
    assert found.features.startswith("pixels-")
    assert (len(found.y), found.test.sum(), found.classes) == (12, 4, ("0", "1"))
    assert np.bincount(found.y).tolist() == [6, 6]
    assert np.linalg.norm(found.x.astype(np.float32), axis=1) == pytest.approx(np.ones(12), abs=1e-2)
    kept = {path: path.stat().st_size for path in data.rglob("*.f16")}
    again = read_folder(images, labels, Model(weights="none"), "cpu", data)
    assert (again.x == found.x).all()
    assert {path: path.stat().st_size for path in data.rglob("*.f16")} == kept


def test_an_unreadable_image_is_left_out_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = tmp_path / "images"
    write_images(images, 4)
    (images / "odd" / "1.png").write_bytes(b"nothing")
    lines = [f"{'even' if i % 2 == 0 else 'odd'}/{i}.png,{i % 2},train" for i in range(4)]
    found = read_folder(images, write_csv(tmp_path / "l.csv", lines), Model(weights="none"), "cpu", tmp_path / "data")
    assert len(found.y) == 3
    assert "left out: odd/1.png" in capsys.readouterr().err


def test_without_a_split_the_labelers_rule_draws_the_holdout(tmp_path: Path) -> None:
    images = tmp_path / "images"
    write_images(images, 12)
    lines = [f"{'even' if i % 2 == 0 else 'odd'}/{i}.png,{i % 2}" for i in range(12)]
    labels = write_csv(tmp_path / "l.csv", lines, "filename,label")
    known = known_images(images, labels)
    tests = {image.content_hash for image in known if image.lane == "test"}
    assert len(tests) == 4  # never above a third
    assert tests == set(sorted(image.content_hash for image in known)[:4])


@pytest.mark.parametrize(
    ("header", "lines", "message"),
    [
        ("file,class", ["a,b"], "expected filename, label"),
        ("filename,label", [], "0 rows"),
        ("filename,label,split", ["a.png,b,validation"], "line 2: split is 'validation'; expected train or test"),
        ("filename,label", ["a.png,b"], "none of the 1 files"),
    ],
)
def test_a_csv_that_cannot_be_used_is_refused(tmp_path: Path, header: str, lines: list[str], message: str) -> None:
    with pytest.raises(BadLabels, match=message):
        known_images(tmp_path, write_csv(tmp_path / "labels.csv", lines, header))


def test_arrays(tmp_path: Path) -> None:
    path = tmp_path / "some.npz"
    np.savez(path, x=np.full((3, 4), 2.0), y=[0, 1, 0], test=[False, False, True], classes=["a", "b"])
    found = read_arrays(path)
    assert (found.name, found.classes, found.test.tolist()) == ("some", ("a", "b"), [False, False, True])
    assert found.x[0] == pytest.approx([0.5] * 4)
    with pytest.raises(BadLabels, match=r"expected an \.npz file"):
        read_arrays(tmp_path / "missing.npz")


def test_the_digits_are_always_the_same() -> None:
    first, second = read_digits(), read_digits()
    assert (first.x.shape, first.test.sum(), len(first.classes)) == ((1797, 64), 360, 10)
    assert (first.test == second.test).all()
    assert np.bincount(first.y[first.test]).min() >= 35
