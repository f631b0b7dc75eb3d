from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from shared.images import decode_rgb
from tests.unit.trainer.conftest import png
from trainer.models.pixels import PIXEL_SIZE
from trainer.models.space import Floats, Pixels, prepare
from trainer.service.backbones import RawPixels
from trainer.service.features import FeatureStore, File, gather
from trainer.service.refusals import Cancelled


class Counting(RawPixels):
    """Raw pixels that count the images embedded; an all-white image gives NaN."""

    def __init__(self) -> None:
        self.embedded = 0

    def embed(self, images: Pixels) -> Floats:
        self.embedded += len(images)
        features = super().embed(images)
        features[(features == 255).all(axis=1)] = np.nan
        return features


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    return folder


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore(tmp_path / "features", 10_000, 4)


def files(folder: Path, contents: dict[str, bytes]) -> list[File]:
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return [File(folder, name) for name in contents]


def ignored(share: float) -> None:
    """Nobody asks how far it is."""


def test_features_are_those_of_the_prepared_pixels_and_are_computed_once(images: Path, store: FeatureStore) -> None:
    listed = files(images, {f"{i}.png": png(i) for i in range(11)})
    space = Counting()
    shares: list[float] = []
    seen = store.read(store.array(space), space, listed, shares.append)
    assert sorted(seen.hashes) == list(range(11))
    assert shares == sorted(shares)
    array = store.array(space)
    for number, file in enumerate(listed):
        expected = prepare(decode_rgb((file.root / file.name).read_bytes(), 10_000), PIXEL_SIZE).ravel()
        np.testing.assert_array_equal(array[np.array([array.find(seen.hashes[number])])][0], expected)
    again = store.read(array, space, [File(images, "3.png"), *files(images, {"new.png": png(99)})], ignored)
    assert (space.embedded, sorted(again.hashes)) == (12, [0, 1])


def test_nothing_is_written_beside_the_images(images: Path, store: FeatureStore) -> None:
    listed = files(images, {"a.png": png(0)})
    store.read(store.array(RawPixels()), RawPixels(), listed, ignored)
    assert [path.name for path in images.iterdir()] == ["a.png"]


def test_what_cannot_be_used_is_said_and_the_rest_is_read(images: Path, store: FeatureStore, tmp_path: Path) -> None:
    from io import BytesIO  # noqa: PLC0415

    from PIL import Image  # noqa: PLC0415

    white = BytesIO()
    Image.new("RGB", (20, 20), "white").save(white, "PNG")
    (tmp_path / "secret.png").write_bytes(png(7))
    contents = {"a.png": png(0), "bad.png": b"no image", "big.png": png(1, size=101), "white.png": white.getvalue()}
    listed = [*files(images, contents), File(images, "gone.png"), File(images, "link.png")]
    (images / "link.png").symlink_to(tmp_path / "secret.png")
    space = Counting()
    seen = store.read(store.array(space), space, listed, ignored)
    assert sorted(seen.hashes) == [0]
    assert sorted(seen.unreadable) == [1, 2, 3, 4, 5]
    for number, why in [(1, "is not a JPEG"), (2, "limit"), (3, "NaN"), (4, "No such file"), (5, "leads out")]:
        assert why in seen.unreadable[number]


def test_a_cancelled_job_stops_between_batches_and_keeps_what_it_has(images: Path, store: FeatureStore) -> None:
    listed = files(images, {f"{i:02}.png": png(i) for i in range(40)})
    space = Counting()

    def stop_at_a_half(share: float) -> None:
        if share >= 0.5:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        store.read(store.array(space), space, listed, stop_at_a_half)
    assert 16 <= space.embedded <= 24
    assert len(store.array(space)) == space.embedded


def test_the_copy_for_a_job_is_in_the_order_of_its_files(images: Path, store: FeatureStore) -> None:
    listed = files(images, {f"{i}.png": png(i % 5) for i in range(10)})
    space = RawPixels()
    array = store.array(space)
    store.read(array, space, listed[::-1], ignored)
    with store.scratch() as scratch:
        located = gather(array, store.read(array, space, listed, ignored), scratch, 2, lambda block: block[:, :2])
        assert located.numbers.tolist() == [0, 5, 1, 6, 2, 7, 3, 8, 4, 9]  # the same content has the same row
        assert located.rows.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
        first = prepare(decode_rgb(png(0), 10_000), PIXEL_SIZE).ravel()[:2]
        np.testing.assert_array_equal(located[np.array([1])][0], first)
    assert not scratch.exists()


def test_no_files(store: FeatureStore) -> None:
    array = store.array(RawPixels())
    with store.scratch() as scratch:
        assert len(gather(array, store.read(array, RawPixels(), [], ignored), scratch, 4, lambda block: block)) == 0
