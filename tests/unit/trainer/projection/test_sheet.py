from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA

from trainer.projection.sheet import begin, read_sheet
from trainer.vectors import VectorFile

from .conftest import heaps, located


def still(_share: float) -> None:
    pass


def test_principal_components_are_scikit_learns(vectors: VectorFile) -> None:
    x, _ = heaps(400)
    images = located(vectors, x)
    sheet = begin(images, 2, 1000, np.random.default_rng(0)).extended(images, still)
    expected = PCA(2, svd_solver="full").fit_transform(x)
    found = sheet.of(images.rows)
    for axis in range(2):
        assert abs(np.corrcoef(found[:, axis], expected[:, axis])[0, 1]) > 0.9999
    np.testing.assert_allclose(found.var(axis=0), expected.var(axis=0), rtol=1e-2)


def test_the_same_images_are_not_mirrored_when_drawn_again(vectors: VectorFile) -> None:
    images = located(vectors, heaps(200)[0])
    drawn = [begin(images, 2, 1000, np.random.default_rng(seed)).extended(images, still) for seed in (0, 1)]
    np.testing.assert_allclose(drawn[0].places, drawn[1].places, atol=1e-2)


def test_new_images_are_added_and_the_others_stay(vectors: VectorFile) -> None:
    first = located(vectors, heaps(50)[0])
    sheet = begin(first, 2, 1000, np.random.default_rng(0)).extended(first, still)
    more = located(vectors, heaps(20, seed=1)[0], 50)
    grown = sheet.extended(more, still)
    np.testing.assert_array_equal(grown.of(first.rows), sheet.of(first.rows))
    np.testing.assert_allclose(grown.of(more.rows), grown.codes(vectors, more.rows, still), atol=1e-6)
    assert grown.extended(first, still) is grown


@pytest.mark.parametrize("count", [1, 2, 5])
def test_very_few_images_have_places_too(vectors: VectorFile, count: int) -> None:
    images = located(vectors, heaps(count)[0])
    sheet = begin(images, 2, 1000, np.random.default_rng(0)).extended(images, still)
    assert sheet.of(images.rows).shape == (count, 2)
    assert np.isfinite(sheet.places).all()


def test_it_is_outgrown_when_the_pool_has_grown_by_half(vectors: VectorFile) -> None:
    sheet = begin(located(vectors, heaps(10)[0]), 2, 1000, np.random.default_rng(0))
    assert [sheet.outgrown(n) for n in (10, 15, 16)] == [False, False, True]


def test_what_was_written_is_read_and_what_is_broken_is_nothing(vectors: VectorFile, tmp_path: Path) -> None:
    images = located(vectors, heaps(10)[0])
    sheet = begin(images, 2, 1000, np.random.default_rng(0)).extended(images, still)
    path = tmp_path / "space" / "pca.npz"
    assert read_sheet(path) is None
    sheet.save(path)
    again = read_sheet(path)
    assert again is not None
    assert again.drawn_for == 10
    np.testing.assert_array_equal(again.of(images.rows), sheet.of(images.rows))
    for broken in (b"", path.read_bytes()[:200], b"PK\x03\x04 no archive"):
        path.write_bytes(broken)
        assert read_sheet(path) is None
