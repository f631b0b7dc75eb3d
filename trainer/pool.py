"""The pool: every image the labeler knows, what stands on it, and where its embedding is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from trainer.columns import Column, TextColumn
from trainer.labeler_http import MAX_IMAGES, PoolRow
from trainer.models.space import Space
from trainer.vectors import HASH_BYTES, VectorFile

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NO_VECTOR: Final = -1
RUN: Final = 1024  # images


@dataclass(frozen=True, slots=True)
class ImageRef:
    """An image as one reads it: path below the image folder, hash of the bytes that the labeler saw (16 bytes)."""

    number: int
    image_id: str
    path: str
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class Located:
    """Embedded images, and the rows of `vectors` that hold their embeddings; ascending by row."""

    vectors: VectorFile
    numbers: Integers
    rows: Integers

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, positions: Integers) -> Floats:
        """Embeddings by position, (k, D)."""
        return self.vectors[self.rows[positions]]

    def part(self, mask: Flags) -> Located:
        """Those for which `mask` holds."""
        return Located(self.vectors, self.numbers[mask], self.rows[mask])

    def thinned(self, most: int, rng: np.random.Generator) -> Located:
        """All, or where there are more than `most` a random part: runs of neighbours, read from the disk in one go.

        Images are embedded in the order of their content hashes, so that even a run is a random sample.
        """
        if len(self) <= most:
            return self
        starts = rng.permutation(len(self) // RUN)[: most // RUN] * RUN
        positions = (np.sort(starts)[:, None] + np.arange(RUN)).ravel()
        return Located(self.vectors, self.numbers[positions], self.rows[positions])


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the directory has been read, and how often it was begun anew."""

    generation: int
    last_change: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The embedded images at one moment: `askable` may be ranked, `train` and `test` carry a label."""

    space: Space
    vectors: VectorFile
    askable: Located
    train: Located
    test: Located


@dataclass(frozen=True, slots=True)
class PoolCounts:
    """Images that count (not removed or unreadable), how many have a vector, how many test images are open."""

    images: int
    embedded: int
    test_open: int


class Pool:
    """Columns by image number. Safe to use from several threads: the embedder writes, the loop reads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._listed = Column(np.bool_, False)  # known to the labeler, not removed
        self._known = Column(np.bool_, False)
        self._test = Column(np.bool_, False)
        self._closed = Column(np.bool_, False)  # a label, skip or flag stands
        self._failed = Column(np.bool_, False)  # could not be read; tried again when the labeler sees a change
        self._vector = Column(np.int64, NO_VECTOR)
        self._hash = Column("V16", b"")
        self._path = TextColumn()
        self._image_id = TextColumn()  # empty where it is the hash in hexadecimal, as it is today
        self._vectors: VectorFile | None = None
        self._space: Space | None = None
        self._cursor = Cursor(0, 0)

    @property
    def space(self) -> Space | None:
        """The embedding space in use; None before there is one."""
        return self._space

    @property
    def vectors(self) -> VectorFile | None:
        """The array the vector rows refer to; None before there is an embedding space."""
        return self._vectors

    @property
    def cursor(self) -> Cursor:
        """How far the directory has been read."""
        return self._cursor

    def clear(self) -> None:
        """Forget all images: the labeler's numbers mean other images now. The array is kept."""
        with self._lock:
            for column in (self._listed, self._known, self._test, self._closed, self._failed):
                column.values[:] = False
            self._cursor = Cursor(self._cursor.generation + 1, 0)

    def use(self, space: Space, vectors: VectorFile) -> None:
        """Take another space and its array: what that holds is embedded, everything else is not."""
        with self._lock:
            self._space = space
            self._vectors = vectors
            known = np.flatnonzero(self._known.values)
            self._vector.values[known] = _rows_of(vectors, self._hash.values[known].tobytes())

    def update(self, rows: Sequence[PoolRow], asked_at: Cursor) -> None:
        """Take in what the labeler says about images; nothing, if the pool was cleared since it was asked."""
        with self._lock:
            if asked_at.generation != self._cursor.generation:
                return
            self._write({row.number: row for row in rows})
            last = max((row.change for row in rows), default=0)
            self._cursor = Cursor(asked_at.generation, max(self._cursor.last_change, last))

    def _write(self, by_number: Mapping[int, PoolRow]) -> None:
        rows, numbers = list(by_number.values()), np.fromiter(by_number, np.int64, len(by_number))
        self._reserve(int(numbers.max(initial=-1)) + 1)
        hashes = bytes.fromhex("".join(row.content_hash for row in rows))
        self._known.values[numbers] = True
        self._listed.values[numbers] = [not row.removed for row in rows]
        self._test.values[numbers] = [row.lane == "test" for row in rows]
        self._failed.values[numbers] = False
        self._hash.values[numbers] = np.frombuffer(hashes, "V16")
        self._path.put(numbers, [row.path for row in rows])
        self._image_id.put(numbers, ["" if row.image_id == row.content_hash else row.image_id for row in rows])
        self._vector.values[numbers] = _rows_of(self._vectors, hashes) if self._vectors else NO_VECTOR

    def close(self, closed: Mapping[int, bool]) -> None:
        """Say on which images something stands now; these are embedded first and never ranked."""
        with self._lock:
            numbers = [n for n in closed if n < MAX_IMAGES]
            self._reserve(max(numbers, default=-1) + 1)
            for number in numbers:
                self._closed.values[number] = closed[number]

    def _reserve(self, length: int) -> None:
        columns: list[Any] = [self._listed, self._known, self._test, self._closed, self._failed]
        for column in [*columns, self._vector, self._hash, self._path, self._image_id]:
            column.reserve(length)

    def pending(self, limit: int, busy: Iterable[int] = ()) -> list[ImageRef]:
        """At most `limit` images without a vector: labelled and test images first, then in a random order.

        The order is that of the content hashes: folders are often sorted by class, and what is embedded so far
        should resemble the whole. busy: numbers to leave out.
        """
        with self._lock:
            wanted = self._listed.values & (self._vector.values == NO_VECTOR) & ~self._failed.values
            wanted[list(busy)] = False
            numbers = np.flatnonzero(wanted)
            later = ~(self._closed.values | self._test.values)[numbers]
            shuffled = self._hash.values.view(np.uint64).reshape(-1, 2)[numbers, 0] >> 1
            keys = shuffled + (later.astype(np.uint64) << np.uint64(63))
            first = numbers[np.argpartition(keys, limit)[:limit]] if len(numbers) > limit else numbers
            return [self._ref(int(number)) for number in first]

    def sample(self, limit: int) -> list[ImageRef]:
        """At most `limit` listed images at random, always the same ones for the same images."""
        with self._lock:
            numbers = np.flatnonzero(self._listed.values)
            order = np.argsort(self._hash.values.view(np.uint64).reshape(-1, 2)[numbers, 0], kind="stable")
            return [self._ref(int(number)) for number in numbers[order[:limit]]]

    def refs(self, numbers: Iterable[int]) -> list[ImageRef]:
        """What is known of these images."""
        with self._lock:
            return [self._ref(int(number)) for number in numbers]

    def _ref(self, number: int) -> ImageRef:
        content_hash = self._hash.values[number].tobytes()
        return ImageRef(number, self._image_id[number] or content_hash.hex(), self._path[number], content_hash)

    def embedded(self, refs: Sequence[ImageRef], rows: Integers) -> None:
        """The vectors of these images are in `rows`; an image that has changed meanwhile is left pending."""
        with self._lock:
            for ref, row in zip(refs, rows, strict=True):
                if self._hash.values[ref.number].tobytes() == ref.content_hash:
                    self._vector.values[ref.number] = row

    def failed(self, refs: Iterable[ImageRef]) -> None:
        """These images cannot be read; they wait until the labeler sees a change."""
        with self._lock:
            for ref in refs:
                if self._hash.values[ref.number].tobytes() == ref.content_hash:
                    self._failed.values[ref.number] = True

    def snapshot(self, labelled: Iterable[int]) -> Snapshot | None:
        """What can be computed on now, all in one space; None before there is one."""
        with self._lock:
            if self._vectors is None or self._space is None:
                return None
            askable = np.flatnonzero(self._listed.values & ~self._closed.values & ~self._test.values)
            numbers = np.fromiter((n for n in labelled if n < len(self._known.values)), np.int64)
            located = self._located(numbers, self._vectors)
            test = self._test.values[located.numbers]
            return Snapshot(
                self._space,
                self._vectors,
                self._located(askable, self._vectors),
                located.part(~test),
                located.part(test),
            )

    def unlabelled(self, labelled: Iterable[int]) -> Located | None:
        """All listed, embedded images without a label, of either lane, skipped and flagged ones too."""
        with self._lock:
            if self._vectors is None:
                return None
            wanted = self._listed.values.copy()
            wanted[[n for n in labelled if n < len(wanted)]] = False
            return self._located(np.flatnonzero(wanted), self._vectors)

    def _located(self, numbers: Integers, vectors: VectorFile) -> Located:
        """The embedded ones among `numbers`, by ascending row."""
        rows = self._vector.values[numbers]
        kept = np.argsort(rows, kind="stable")[int((rows == NO_VECTOR).sum()) :]
        return Located(vectors, numbers[kept], rows[kept])

    def counts(self) -> PoolCounts:
        """How many there are."""
        with self._lock:
            listed = self._listed.values & ~self._failed.values
            embedded = listed & (self._vector.values != NO_VECTOR)
            test_open = listed & self._test.values & ~self._closed.values
            return PoolCounts(int(listed.sum()), int(embedded.sum()), int(test_open.sum()))

    def count_tests(self, images: Iterable[int]) -> int:
        """How many of these images are listed and belong to the hold-out."""
        with self._lock:
            tests = self._listed.values & self._test.values
            return sum(bool(tests[image]) for image in images if image < len(tests))


def _rows_of(vectors: VectorFile, hashes: bytes) -> Integers:
    """The rows of `vectors` that hold these contents, 16 bytes each; NO_VECTOR where none does."""
    contents = (hashes[start : start + HASH_BYTES] for start in range(0, len(hashes), HASH_BYTES))
    return np.fromiter(map(vectors.find, contents), np.int64, len(hashes) // HASH_BYTES)
