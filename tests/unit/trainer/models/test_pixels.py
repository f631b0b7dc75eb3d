from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from shared.images import decode_rgb
from tests.unit.trainer.conftest import png
from trainer.models.choose import rebuild_space
from trainer.models.head import fit_head
from trainer.models.pixels import MAX_COMPONENTS, PixelSpace
from trainer.models.space import prepare, unit_rows


def images(n: int, size: int = 8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (n, size, size, 3), dtype=np.uint8)


def test_projections_agree_with_scikit_learn() -> None:
    pixels = images(60)
    space = PixelSpace.fit(pixels)
    x = pixels.reshape(60, -1) / 255
    reference = PCA(svd_solver="full").fit_transform((x - x.mean(axis=0)) / x.std(axis=0))[:, : len(space.components)]
    reference /= np.linalg.norm(reference, axis=1, keepdims=True)
    similar = (space.embed(pixels) @ space.embed(pixels).T, reference @ reference.T)
    np.testing.assert_allclose(similar[0], similar[1], atol=1e-3)


def test_the_same_images_give_the_same_space() -> None:
    assert PixelSpace.fit(images(20)).id == PixelSpace.fit(images(20)).id
    assert PixelSpace.fit(images(20)).id != PixelSpace.fit(images(21)).id


def test_no_more_components_than_images_or_the_limit() -> None:
    assert len(PixelSpace.fit(images(5)).components) == 5
    assert len(PixelSpace.fit(images(200)).components) == MAX_COMPONENTS
    assert len(PixelSpace.fit(images(1)).components) == 1


def test_constant_images_are_no_trouble() -> None:
    space = PixelSpace.fit(np.zeros((4, 8, 8, 3), np.uint8))
    assert np.isfinite(space.embed(images(3))).all()


def test_saved_and_loaded(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    space = PixelSpace.fit(rng.integers(0, 255, (10, 32, 32, 3), dtype=np.uint8))
    space.save(tmp_path / "p.safetensors")
    loaded = PixelSpace.load(tmp_path / "p.safetensors")
    assert loaded is not None
    assert (loaded.id, loaded.fitted_on) == (space.id, 10)
    again = rebuild_space(space.info, space.state(), torch.device("cpu"))
    assert again.id == space.id


@pytest.mark.parametrize("content", [None, b"", b"nonsense"])
def test_a_file_that_cannot_be_read_is_as_none(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "p.safetensors").write_bytes(content)
    assert PixelSpace.load(tmp_path / "p.safetensors") is None


def test_digits_can_be_learnt_from_pixels() -> None:
    digits = load_digits()
    pixels = np.stack(
        [prepare(Image.fromarray((image * 15.9).astype(np.uint8)).convert("RGB"), 32) for image in digits.images[:600]]
    )
    space = PixelSpace.fit(pixels[:300])
    head = fit_head(space.embed(pixels[:300]), digits.target[:300].astype(np.int64), 30.0)
    right = head.probabilities(space.embed(pixels[300:])).argmax(axis=1) == digits.target[300:600]
    assert right.mean() > 0.85


def test_prepare_squeezes_whole_images() -> None:
    image = Image.new("RGB", (40, 20), "black")
    image.paste("white", (39, 0, 40, 20))
    prepared = prepare(image, 10)
    assert prepared.shape == (10, 10, 3)
    assert prepared[:, -1].min() > 30
    assert prepared[:, :-2].max() < 30
    assert prepare(decode_rgb(png(0), 10**6), 24).shape == (24, 24, 3)


def test_unit_rows() -> None:
    rows = unit_rows(np.array([[3, 4], [0, 0], [np.nan, 1], [1e30, 1e30]], np.float32))
    np.testing.assert_allclose(rows[0], [0.6, 0.8], rtol=1e-6)
    assert rows[1].tolist() == [0, 0]
    assert np.isnan(rows[2]).all()
    np.testing.assert_allclose(rows[3], [2**-0.5] * 2, rtol=1e-6)
