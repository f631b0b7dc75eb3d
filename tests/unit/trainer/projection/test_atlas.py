from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.waiting import wait_for
from trainer.projection.atlas import Atlas, DrawingFailed
from trainer.projection.process import DrawingProcess, Order
from trainer.vectors import VectorFile

from .conftest import heaps, located


def still(_share: float) -> None:
    pass


class FakeProcess:
    """Draws when it is told to."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.ended: int | None = None
        self.closed = False
        self.share = 0.25

    def progress(self) -> float:
        return self.share

    def draw(self) -> None:
        codes = np.load(self.order.codes)
        np.savez(self.order.target, landmarks=np.arange(0, len(codes), 2), places=codes[:, :2] * 10)
        self.ended = 0

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def started() -> list[FakeProcess]:
    return []


@pytest.fixture
def atlas(tmp_path: Path, started: list[FakeProcess]) -> Atlas:
    def start(order: Order) -> FakeProcess:
        started.append(FakeProcess(order))
        return started[-1]

    return Atlas(tmp_path / "data", start)


def test_what_is_quick_is_there_at_once(atlas: Atlas, vectors: VectorFile, started: list[FakeProcess]) -> None:
    images = located(vectors, heaps(40)[0])
    places = atlas.places("pca", "space", images, still)
    assert isinstance(places, np.ndarray)
    assert places.shape == (40, 2)
    assert started == []


def test_what_is_slow_says_how_far_it_is_and_is_kept(
    atlas: Atlas, vectors: VectorFile, started: list[FakeProcess], tmp_path: Path
) -> None:
    images = located(vectors, heaps(40)[0])
    assert atlas.places("tsne", "space", images, still) == 0.25
    assert atlas.places("tsne", "space", images, still) == 0.25
    assert len(started) == 1
    started[0].draw()
    places = atlas.places("tsne", "space", images, still)
    assert isinstance(places, np.ndarray)
    assert started[0].closed
    again = Atlas(tmp_path / "data", pytest.fail).places("tsne", "space", images, still)
    np.testing.assert_array_equal(again, places)
    assert [path.name for path in (tmp_path / "data" / "projections" / "space").iterdir()] == ["tsne.npz"]


def test_while_it_is_drawn_anew_the_old_map_holds_and_new_images_lie_on_it(
    atlas: Atlas, vectors: VectorFile, started: list[FakeProcess]
) -> None:
    few = located(vectors, heaps(40)[0])
    atlas.places("tsne", "space", few, still)
    started[0].draw()
    before = atlas.places("tsne", "space", few, still)
    located(vectors, heaps(40, seed=1)[0], 40)
    many = located(vectors, heaps(40)[0])
    many = type(many)(vectors, np.arange(80), np.arange(80))
    during = atlas.places("tsne", "space", many, still)
    assert isinstance(during, np.ndarray)
    assert len(started) == 2
    np.testing.assert_array_equal(during[:40], before)
    started[1].draw()
    after = atlas.places("tsne", "space", many, still)
    assert isinstance(after, np.ndarray)
    assert after.shape == (80, 2)


def test_other_embeddings_have_other_maps(
    atlas: Atlas, vectors: VectorFile, started: list[FakeProcess], tmp_path: Path
) -> None:
    images = located(vectors, heaps(40)[0])
    atlas.places("tsne", "old", images, still)
    assert atlas.places("tsne", "new", images, still) == 0.25
    assert started[0].closed
    assert [path.name for path in (tmp_path / "data" / "projections").iterdir()] == ["new"]


def test_a_map_that_cannot_be_drawn_is_not_tried_for_ever(
    atlas: Atlas, vectors: VectorFile, started: list[FakeProcess]
) -> None:
    images = located(vectors, heaps(40)[0])
    atlas.places("tsne", "space", images, still)
    started[0].ended = 1
    with pytest.raises(DrawingFailed, match="terminal"):
        atlas.places("tsne", "space", images, still)
    assert len(started) == 1
    assert isinstance(atlas.places("pca", "space", images, still), np.ndarray)


def test_where_nothing_can_be_written_the_reason_is_told(
    atlas: Atlas, vectors: VectorFile, started: list[FakeProcess], tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "projections").write_text("in the way")
    with pytest.raises(DrawingFailed, match="disk"):
        atlas.places("tsne", "space", located(vectors, heaps(40)[0]), still)
    assert started == []


def test_a_real_process_draws_at_low_priority(vectors: VectorFile, tmp_path: Path) -> None:
    x, y = heaps(60)
    images = located(vectors, x)
    processes: list[DrawingProcess] = []

    def start(order: Order) -> DrawingProcess:
        processes.append(DrawingProcess(order))
        return processes[-1]

    atlas = Atlas(tmp_path / "data", start)
    shares = []

    def drawn() -> bool:
        found = atlas.places("tsne", "space", images, still)
        shares.append(found if isinstance(found, float) else 1.0)
        return isinstance(found, np.ndarray)

    wait_for(drawn, "the map", 60)
    assert shares == sorted(shares)
    places = atlas.places("tsne", "space", images, still)
    assert isinstance(places, np.ndarray)
    distances = np.linalg.norm(places[:, None] - places[None], axis=2) + 1e9 * np.eye(60)
    assert (y[distances.argmin(axis=1)] == y).mean() > 0.95
    atlas.close()
    assert len(processes) == 1
