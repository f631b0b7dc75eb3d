from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.trainer.conftest import FolderLabeler
from trainer.models.pixels import PixelSpace
from trainer.pool import Cursor, ImageRef, Pool
from trainer.vectors import VectorFile

DIM = 4


@pytest.fixture
def space() -> PixelSpace:
    rng = np.random.default_rng(0)
    return PixelSpace.fit(rng.integers(0, 255, (DIM, 8, 8, 3), dtype=np.uint8))


def fill(pool: Pool, vectors: VectorFile, refs: list[ImageRef]) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(len(refs), DIM)).astype(np.float32)
    pool.embedded(refs, vectors.append([ref.content_hash for ref in refs], x))


@pytest.fixture
def filled(folder: FolderLabeler, tmp_path: Path, space: PixelSpace) -> tuple[Pool, VectorFile]:
    """Images 0–9, of which 0–2 are the hold-out, all embedded."""
    pool, vectors = Pool(), VectorFile(tmp_path / "v", DIM)
    pool.use(space, vectors)
    for i in range(10):
        folder.list(f"{i}.png", bytes([i]), lane="test" if i < 3 else "train")
    pool.update(folder.rows, pool.cursor)
    fill(pool, vectors, pool.pending(100))
    return pool, vectors


def test_before_there_is_a_space_nothing_can_be_computed_on(folder: FolderLabeler) -> None:
    pool = Pool()
    folder.list("a.png", b"a")
    pool.update(folder.rows, pool.cursor)
    assert pool.snapshot([]) is None
    assert pool.counts().images == 1


def test_askable_are_open_images_outside_the_hold_out(filled: tuple[Pool, VectorFile]) -> None:
    pool, _ = filled
    pool.close({0: True, 5: True, 6: True})
    snapshot = pool.snapshot([0, 5])
    assert snapshot is not None
    assert sorted(snapshot.askable.numbers.tolist()) == [3, 4, 7, 8, 9]
    assert snapshot.train.numbers.tolist() == [5]
    assert snapshot.test.numbers.tolist() == [0]
    assert pool.counts().test_open == 2


def test_reopened_images_are_askable_again(filled: tuple[Pool, VectorFile]) -> None:
    pool, _ = filled
    pool.close({5: True})
    pool.close({5: False})
    snapshot = pool.snapshot([])
    assert snapshot is not None
    assert 5 in snapshot.askable.numbers


def test_removed_images_are_never_asked(filled: tuple[Pool, VectorFile], folder: FolderLabeler) -> None:
    pool, _ = filled
    changes = [folder.list(f"{n}.png", bytes([n]), number=n, removed=True) for n in (3, 4)]
    pool.update(changes, pool.cursor)
    snapshot = pool.snapshot([])
    assert snapshot is not None
    assert not {3, 4} & set(snapshot.askable.numbers.tolist())
    assert pool.counts().images == 8


def test_a_located_image_reads_its_own_vector(filled: tuple[Pool, VectorFile]) -> None:
    pool, vectors = filled
    snapshot = pool.snapshot([])
    assert snapshot is not None
    place = snapshot.askable.numbers.tolist().index(7)
    row = vectors.find(pool.refs([7])[0].content_hash)
    np.testing.assert_array_equal(snapshot.askable[np.array([place])], vectors[np.array([row])])
    assert (np.diff(snapshot.askable.rows) > 0).all()


def test_labelled_and_hold_out_images_are_embedded_first(folder: FolderLabeler, space: PixelSpace) -> None:
    pool = Pool()
    for i in range(40):
        folder.list(f"{i}.png", bytes([i]), lane="test" if i in (11, 12) else "train")
    pool.update(folder.rows, pool.cursor)
    pool.close({30: True})
    assert {ref.number for ref in pool.pending(3)} == {11, 12, 30}
    assert 11 not in {ref.number for ref in pool.pending(3, busy=[11])}
    assert len(pool.pending(100)) == 40


def test_the_rest_comes_in_an_order_that_has_nothing_to_do_with_the_folder(folder: FolderLabeler) -> None:
    pool = Pool()
    for i in range(200):
        folder.list(f"{i}.png", bytes([i]))
    pool.update(folder.rows, pool.cursor)
    first = [ref.number for ref in pool.pending(50)]
    assert 60 < np.mean(first) < 140
    assert first == [ref.number for ref in pool.pending(50)]


def test_a_changed_image_is_pending_again_and_its_old_vector_is_not_taken(
    filled: tuple[Pool, VectorFile], folder: FolderLabeler
) -> None:
    pool, _ = filled
    old = pool.refs([5])
    pool.update([folder.list("5.png", b"new bytes", number=5)], pool.cursor)
    pool.embedded(old, np.array([0]))
    assert [ref.number for ref in pool.pending(10)] == [5]


def test_what_failed_waits_for_a_change(folder: FolderLabeler) -> None:
    pool = Pool()
    folder.list("a.png", b"a")
    pool.update(folder.rows, pool.cursor)
    pool.failed(pool.pending(1))
    assert pool.pending(1) == []
    assert pool.counts().images == 0
    pool.update([folder.list("a.png", b"b", number=0)], pool.cursor)
    assert len(pool.pending(1)) == 1


def test_another_array_embeds_again_what_it_does_not_hold(
    filled: tuple[Pool, VectorFile], tmp_path: Path, space: PixelSpace
) -> None:
    pool, _ = filled
    pool.use(space, VectorFile(tmp_path / "w", DIM))
    assert pool.counts().embedded == 0
    pool.use(space, VectorFile(tmp_path / "v", DIM))
    assert pool.counts().embedded == 10


def test_after_clearing_late_answers_to_old_questions_are_dropped(folder: FolderLabeler) -> None:
    pool = Pool()
    asked = pool.cursor
    folder.list("a.png", b"a")
    pool.clear()
    pool.update(folder.rows, asked)
    assert pool.counts().images == 0
    assert pool.cursor == Cursor(1, 0)
    pool.update(folder.rows, pool.cursor)
    assert pool.counts().images == 1


def test_labels_of_images_not_listed_yet_are_kept(folder: FolderLabeler) -> None:
    pool = Pool()
    pool.close({2: True, 2**40: True})
    for i in range(3):
        folder.list(f"{i}.png", bytes([i]), lane="test")
    pool.update(folder.rows, pool.cursor)
    assert pool.counts().test_open == 2


def test_unlabelled_counts_what_is_skipped(filled: tuple[Pool, VectorFile]) -> None:
    pool, _ = filled
    pool.close({4: True, 5: True})
    unlabelled = pool.unlabelled([5])
    assert unlabelled is not None
    assert sorted(unlabelled.numbers.tolist()) == [0, 1, 2, 3, 4, 6, 7, 8, 9]
