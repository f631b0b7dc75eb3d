from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from shared.errors import ImageRejected
from tests.unit.trainer.conftest import FolderLabeler, png
from tests.waiting import wait_for
from trainer.embedder import Embedder
from trainer.labeler_http import LabelerUnreachable, PoolPage
from trainer.loading import ImageSource, Loader
from trainer.models.space import Floats, Pixels, Space, SpaceInfo, unit_rows
from trainer.pool import Pool
from trainer.progress import Progress

MAX_PIXELS = 10_000


class MeanSpace:
    """Mean colour and brightest value: a space that needs no network."""

    id = "mean"
    info = SpaceInfo(kind="own", name="mean", weights="none", image_size=16, dim=4)
    broken = False

    def embed(self, images: Pixels) -> Floats:
        x = images.astype(np.float32).reshape(len(images), -1, 3)
        features = np.concatenate([x.mean(axis=1), x.max(axis=(1, 2))[:, None]], axis=1)
        if self.broken:
            features[features[:, 3] == 255] = np.nan
        return unit_rows(features)

    def state(self) -> dict[str, object]:
        return {}


Start = Callable[..., Embedder]


@pytest.fixture
def start(tmp_path: Path, folder: FolderLabeler) -> Iterator[Start]:
    """Starts an embedder on the folder; closes it after the test."""
    running = []

    def begin(pool: Pool, space: Space | None, source: ImageSource | None = None) -> Embedder:
        loader = Loader(folder.root, source or folder, MAX_PIXELS)
        embedder = Embedder(pool, space, loader, tmp_path / "embeddings", 4, Progress(io.StringIO()))
        running.append(embedder)
        embedder.start()
        return embedder

    yield begin
    for embedder in running:
        embedder.close()


def all_embedded(pool: Pool, count: int) -> Callable[[], bool]:
    return lambda: pool.counts().embedded == count


def test_every_listed_image_is_embedded(folder: FolderLabeler, start: Start) -> None:
    for i in range(11):
        folder.add(f"{i}.png", png(i))
    pool = Pool()
    embedder = start(pool, MeanSpace())
    wait_for(all_embedded(pool, 11), "all images")
    assert embedder.listed
    assert folder.asked == []


def test_what_is_embedded_is_not_read_again(folder: FolderLabeler, start: Start) -> None:
    for i in range(6):
        folder.add(f"{i}.png", png(i))
    first = Pool()
    start(first, MeanSpace())
    wait_for(all_embedded(first, 6), "all images")
    for path in folder.root.iterdir():
        path.unlink()
    second = Pool()
    start(second, MeanSpace())
    wait_for(all_embedded(second, 6), "the array on disk")
    assert folder.asked == []
    vectors = second.vectors
    assert vectors is not None
    wait_for(lambda: len(vectors.nearly_equal(0, 0.99)) > 0, "look-alikes of what was embedded before")


def test_an_image_that_comes_later_is_embedded(folder: FolderLabeler, start: Start) -> None:
    folder.add("a.png", png(1))
    pool = Pool()
    embedder = start(pool, MeanSpace())
    wait_for(all_embedded(pool, 1), "the first image")
    folder.add("b.png", png(2))
    embedder.look_again()
    wait_for(all_embedded(pool, 2), "the second image")


def test_what_cannot_be_decoded_is_reported_and_stops_nothing(folder: FolderLabeler, start: Start) -> None:
    folder.add("text.png", b"no image")
    folder.add("cut.png", png(1)[:200])
    folder.add("bomb.png", png(1, size=200))
    folder.add("fine.png", png(2))
    pool = Pool()
    embedder = start(pool, MeanSpace())
    wait_for(all_embedded(pool, 1), "the one good image")
    reasons = {}

    def all_reported() -> bool:
        reasons.update({image.image: image.reason for image in embedder.take_unreadable()})
        return len(reasons) == 3

    wait_for(all_reported, "three reports")
    assert "is not a JPEG" in reasons[0]
    assert "limit" in reasons[2]
    assert pool.counts().images == 1


def test_features_that_are_not_finite_are_refused(folder: FolderLabeler, start: Start) -> None:
    white = io.BytesIO()
    from PIL import Image  # noqa: PLC0415

    Image.new("RGB", (8, 8), "white").save(white, "PNG")
    folder.add("white.png", white.getvalue())
    folder.add("fine.png", png(2))
    space = MeanSpace()
    space.broken = True
    pool = Pool()
    embedder = start(pool, space)
    wait_for(all_embedded(pool, 1), "the one good image")
    assert ["NaN" in image.reason for image in wait_for(embedder.take_unreadable, "a report")] == [True]


def test_bytes_that_changed_since_they_were_listed_are_not_used(folder: FolderLabeler, start: Start) -> None:
    folder.add("a.png", png(1))
    folder.add("b.png", png(2))
    (folder.root / "a.png").write_bytes(png(3))
    pool = Pool()
    embedder = start(pool, MeanSpace())
    wait_for(all_embedded(pool, 1), "the unchanged image")
    assert pool.vectors is not None
    assert len(pool.vectors) == 1
    assert embedder.take_unreadable() == []


def test_a_file_that_is_not_here_is_fetched_from_the_labeler(folder: FolderLabeler, start: Start) -> None:
    row = folder.list("elsewhere.png", png(1))
    folder.served[row.image_id] = png(1)
    gone = folder.list("gone.png", png(2))
    pool = Pool()
    start(pool, MeanSpace())
    wait_for(all_embedded(pool, 1), "the fetched image")
    assert set(folder.asked) >= {row.image_id, gone.image_id}


def test_a_path_that_climbs_out_is_not_read(folder: FolderLabeler) -> None:
    (folder.root.parent / "secret.png").write_bytes(png(1))
    folder.list("../secret.png", png(1))
    pool = Pool()
    pool.update(folder.rows, pool.cursor)
    assert Loader(folder.root, folder, MAX_PIXELS).load(pool.pending(1)[0], 16) is None
    assert len(folder.asked) == 1


def test_a_labeler_that_is_away_is_asked_again(
    folder: FolderLabeler, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer.embedder.RETRY_S", 0.05)
    folder.add("a.png", png(1))

    class Flaky:
        calls = 0

        def pool(self, after: int) -> PoolPage:
            self.calls += 1
            if self.calls < 3:
                raise LabelerUnreachable("no answer")
            return folder.pool(after)

        def image(self, image_id: str) -> bytes | None:
            return folder.image(image_id)

    pool = Pool()
    start(pool, MeanSpace(), Flaky())
    wait_for(all_embedded(pool, 1), "the image")


def test_without_a_network_pixels_are_fitted_and_the_components_kept(folder: FolderLabeler, start: Start) -> None:
    for i in range(12):
        folder.add(f"{i}.png", png(i, i))
    first = Pool()
    start(first, None)
    wait_for(all_embedded(first, 12), "all images")
    again = Pool()
    start(again, None)
    wait_for(all_embedded(again, 12), "all images")
    assert first.space is not None
    assert again.space is not None
    assert first.space.id == again.space.id
    assert first.space.info.dim <= 12


def test_pixels_are_fitted_again_when_a_small_pool_has_doubled(folder: FolderLabeler, start: Start) -> None:
    for i in range(5):
        folder.add(f"{i}.png", png(i, i))
    pool = Pool()
    embedder = start(pool, None)
    wait_for(all_embedded(pool, 5), "the first images")
    before = pool.space
    for i in range(5, 10):
        folder.add(f"{i}.png", png(i, i))
    embedder.look_again()
    wait_for(all_embedded(pool, 10), "all images")
    assert before is not None
    assert pool.space is not None
    assert pool.space.info.dim > before.info.dim


def test_while_held_no_batch_is_started(folder: FolderLabeler, start: Start) -> None:
    pool = Pool()
    embedder = start(pool, MeanSpace())
    with embedder.held():
        folder.add("a.png", png(1))
        embedder.look_again()
        wait_for(lambda: pool.counts().images == 1, "the listing")
        assert pool.counts().embedded == 0
    wait_for(all_embedded(pool, 1), "the image")


def test_a_rejected_image_says_why(folder: FolderLabeler) -> None:
    folder.add("a.png", b"no image")
    pool = Pool()
    pool.update(folder.rows, pool.cursor)
    with pytest.raises(ImageRejected, match="is not a JPEG"):
        Loader(folder.root, folder, MAX_PIXELS).load(pool.pending(1)[0], 16)
