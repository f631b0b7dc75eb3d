"""Features of the images of a folder, computed once per image content and kept below the data folder."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from shared.errors import ImageRejected
from shared.images import content_hash, decode_rgb, open_below
from trainer.models.space import Floats, Pixels, Space, prepare
from trainer.pool import Located
from trainer.priority import lower_priority
from trainer.service.work import Advance
from trainer.vectors import BLOCK, VectorFile

MAX_FILE_BYTES: Final = 500_000_000
AHEAD: Final = 4  # batches that are read while one is embedded


@dataclass(frozen=True, slots=True)
class File:
    """An image: its path `name` below the folder `root`."""

    root: Path
    name: str


@dataclass(frozen=True, slots=True)
class Seen:
    """By position in the list of files: content hashes (16 bytes) of those with features, why others have none."""

    hashes: dict[int, bytes]
    unreadable: dict[int, str]


@dataclass(frozen=True, slots=True)
class _Read:
    """An image's hash, and its pixels where its features are not known yet."""

    content_hash: bytes
    pixels: Pixels | None


class FeatureStore:
    """One array per embedding space below `folder`, in use by one job at a time, of any process."""

    def __init__(self, folder: Path, max_pixels: int, batch_size: int) -> None:
        self._folder = folder
        self._max_pixels = max_pixels
        self._batch_size = batch_size

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder for one job; until it is given back, other jobs wait."""
        self._folder.mkdir(parents=True, exist_ok=True)
        folder = self._folder / "scratch"
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            shutil.rmtree(folder, ignore_errors=True)
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def array(self, space: Space) -> VectorFile:
        """What is known of a space; within `scratch` only."""
        return VectorFile(self._folder / space.id, space.info.dim)

    def read(self, vectors: VectorFile, space: Space, files: Sequence[File], advance: Advance) -> Seen:
        """Make sure that `vectors` holds the features of `files`. advance: is told the share that is done."""
        seen = Seen({}, {})
        fresh: dict[int, Pixels] = {}
        with closing(self._contents(vectors, files, space.info.image_size)) as contents:
            for number, found in contents:
                if isinstance(found, str):
                    seen.unreadable[number] = found
                else:
                    seen.hashes[number] = found.content_hash
                    if found.pixels is not None:
                        fresh[number] = found.pixels
                if len(fresh) == self._batch_size or number == len(files) - 1:
                    _embed(vectors, space, fresh, seen)
                    fresh = {}
                if number % self._batch_size == 0:
                    advance(number / len(files))
        return seen

    def _contents(
        self, vectors: VectorFile, files: Sequence[File], size: int
    ) -> Generator[tuple[int, _Read | str], None, None]:
        """What each file holds, in order, or why it cannot be used; some batches ahead of the one asked for."""

        def load(file: File) -> _Read | str:
            try:
                data = _bytes_of(file)
                key = bytes.fromhex(content_hash(data))
                known = vectors.find(key) >= 0
                return _Read(key, None if known else prepare(decode_rgb(data, self._max_pixels, size), size))
            except (OSError, ImageRejected) as error:
                return str(error)

        with ThreadPoolExecutor(os.cpu_count(), "job-decode", initializer=lower_priority) as threads:
            coming: deque[Future[_Read | str]] = deque()
            try:
                for number in range(len(files)):
                    while len(coming) < AHEAD * self._batch_size and number + len(coming) < len(files):
                        coming.append(threads.submit(load, files[number + len(coming)]))
                    yield number, coming.popleft().result()
            finally:
                for future in coming:
                    future.cancel()


def _bytes_of(file: File) -> bytes:
    with open_below(file.root, os.fsencode(file.name)) as opened:
        data = opened.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ImageRejected(f"is larger than the limit of {MAX_FILE_BYTES:,} bytes")
    return data


def _embed(vectors: VectorFile, space: Space, fresh: dict[int, Pixels], seen: Seen) -> None:
    """Embed a batch; an image without finite features becomes an unreadable one."""
    if not fresh:
        return
    embedded = space.embed(np.stack(list(fresh.values())))
    finite = np.isfinite(embedded).all(axis=1)
    numbers = np.array(list(fresh))
    vectors.append([seen.hashes[number] for number in numbers[finite].tolist()], embedded[finite])
    for number in numbers[~finite].tolist():
        del seen.hashes[number]
        seen.unreadable[number] = "gives features that are NaN or infinite"


def gather(source: VectorFile, seen: Seen, folder: Path, dim: int, convert: Callable[[Floats], Floats]) -> Located:
    """A copy of what a job needs, in the order of its files, whatever order they came into `source` in.

    convert: (n, source.dim) → (n, dim). Numbers are positions in the list of files.
    """
    target = VectorFile(folder, dim)
    numbers = np.array(sorted(seen.hashes), np.int64)
    keys = [seen.hashes[number] for number in numbers.tolist()]
    for start in range(0, len(keys), BLOCK):
        part = keys[start : start + BLOCK]
        target.append(part, convert(source[np.array([source.find(key) for key in part])]))
    rows = np.array([target.find(key) for key in keys], np.int64)
    order = np.argsort(rows, kind="stable")
    return Located(target, numbers[order], rows[order])
