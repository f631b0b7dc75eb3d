"""Copies of painted images beside the pool: made, kept up with labels and masks, learnt by the head."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from shared.config import Train
from shared.masks import IGNORE
from tests.unit.trainer.conftest import FolderLabeler, png
from trainer.counterfactuals import DONORS
from trainer.learner import Model
from trainer.loading import Loader
from trainer.models.pixels import PixelSpace
from trainer.painted import REST_S, Painted
from trainer.pool import Pool, Snapshot
from trainer.vectors import VectorFile

IMAGES, SIZE = 12, 24


class Desk:
    """A pool of embedded images with labels, a person who paints, and a clock."""

    def __init__(self, folder: FolderLabeler, pool: Pool) -> None:
        self.now, self.folder, self.pool = 0.0, folder, pool
        self.labels = {number: number % 3 for number in range(IMAGES)}
        self.painted = Painted(pool, Loader(folder.root, folder, 10**8), folder, lambda: self.now)

    @property
    def snapshot(self) -> Snapshot:
        found = self.pool.snapshot(self.labels)
        assert found is not None
        return found

    def paint(self, number: int, rows: int = 6) -> None:
        levels = np.zeros((SIZE, SIZE), np.uint8)
        levels[:rows] = IGNORE
        self.folder.paint(number, levels)

    def learn(self) -> tuple[np.ndarray, np.ndarray] | None:
        """What the loop and the embedder's thread do one after the other."""
        self.painted.refresh(lambda: None)
        self.painted.examples(self.snapshot, self.labels)
        self.painted.refresh(lambda: None)
        return self.painted.examples(self.snapshot, self.labels)


@pytest.fixture
def desk(folder: FolderLabeler, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    pool = Pool()
    for i in range(IMAGES):
        folder.add(f"{i}.png", png(i, i % 3, size=SIZE))
    pool.update(folder.pool(0).images, pool.cursor)
    loader = Loader(folder.root, folder, 10**8)
    refs = pool.refs(range(IMAGES))
    pixels = [loader.load(ref, 16) for ref in refs]
    stacked = np.stack([image for image in pixels if image is not None])
    space = PixelSpace.fit(stacked)
    vectors = VectorFile(tmp_path_factory.mktemp("vectors") / "v", space.info.dim)
    pool.use(space, vectors)
    pool.embedded(refs, vectors.append([ref.content_hash for ref in refs], space.embed(stacked)))
    return Desk(folder, pool)


def test_without_masks_there_is_nothing_to_learn(desk: Desk) -> None:
    assert desk.learn() is None
    assert not desk.painted.take_news()
    assert desk.painted.settled == 0


def test_a_mask_gives_copies_both_ways(desk: Desk) -> None:
    desk.paint(4)
    found = desk.learn()
    assert found is not None
    x, y = found
    assert x.shape == (2 * DONORS, desk.snapshot.space.info.dim)
    assert (y[:DONORS] == 1).all()
    assert (y[DONORS:] != 1).all()
    assert desk.painted.take_news()
    assert not desk.painted.take_news()


def test_nothing_is_computed_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.paint(4)
    desk.learn()
    reads: list[int] = []
    inner: Callable[..., object] = desk.painted._read
    monkeypatch.setattr(desk.painted, "_read", lambda number, size: (reads.append(number), inner(number, size))[1])
    desk.learn()
    assert reads == []
    desk.paint(4, rows=7)
    desk.learn()
    assert reads[0] == 4


def test_copies_follow_labels_and_masks(desk: Desk) -> None:
    desk.paint(4)
    desk.learn()
    desk.labels[4] = 0
    assert desk.painted.examples(desk.snapshot, desk.labels) is None, "its copies say another class"
    again = desk.learn()
    assert again is not None
    assert (again[1][:DONORS] == 0).all()
    del desk.labels[4]
    assert desk.learn() is None
    desk.labels[4] = 1
    assert desk.learn() is not None
    desk.painted.take_news()
    desk.paint(4, rows=0)
    assert desk.learn() is None
    assert desk.painted.take_news()


def test_an_image_that_vanished_is_left_out(desk: Desk) -> None:
    desk.paint(4)
    (desk.folder.root / "4.png").write_bytes(b"other")
    assert desk.learn() is None


def test_a_change_counts_for_the_slow_loop_once_painting_rests(desk: Desk) -> None:
    desk.paint(4)
    desk.painted.refresh(lambda: None)
    assert desk.painted.settled == 0
    desk.now = REST_S
    assert desk.painted.settled == 1
    desk.paint(7)
    desk.painted.refresh(lambda: None)
    assert desk.painted.settled == 1


def test_the_head_learns_copies_beside_all_labels(desk: Desk) -> None:
    desk.paint(4)
    train = desk.snapshot.train
    plain = Model().fitted(train, desk.labels, Train())
    steered = Model().fitted(train, desk.labels, Train(), copies=desk.learn())
    assert steered.labels == plain.labels == IMAGES
    assert plain.head is not None
    assert steered.head is not None
    assert not np.allclose(plain.head.weight, steered.head.weight)
