"""An array of embeddings on disk that only grows: resumable, found again by content hash."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from trainer.sketch import WORDS, Sketches, bits, distances, most_bits, planes

HASH_BYTES: Final = 16
STORED: Final = np.dtype("<f2")
BLOCK: Final = 4096  # rows; as float32 they fit the processor's cache well enough that half precision costs no time
MANY: Final = 65_536  # rows that are sketched at once

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


class VectorFile:
    """Unit vectors in half precision, `vectors.f16`, and the content hashes they belong to, `hashes.bin`.

    A crash may leave a torn tail in either file; opening cuts both to the rows that are whole in both.
    One thread appends, any other may read what `len` covers.
    """

    def __init__(self, folder: Path, dim: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.dim = dim
        self._vectors_path = folder / "vectors.f16"
        self._hashes_path = folder / "hashes.bin"
        self._row_bytes = dim * STORED.itemsize
        self._count = self._cut_torn_tail()
        hashes = self._hashes_path.read_bytes()
        self._rows = {hashes[i * HASH_BYTES : (i + 1) * HASH_BYTES]: i for i in range(self._count)}
        self._planes = planes(dim)
        self._sketches: Sketches = np.zeros((1, WORDS), np.uint64)
        self._sketched = 0
        self._mapped: npt.NDArray[np.float16] = np.empty((0, dim), STORED)

    def __len__(self) -> int:
        return self._count

    def find(self, content_hash: bytes) -> int:
        """The row of `content_hash` (16 bytes), -1 where there is none."""
        return self._rows.get(content_hash, -1)

    def append(self, hashes: Sequence[bytes], vectors: Floats) -> Integers:
        """Add one row per hash; a known hash keeps its row. Returns the rows, (k,).

        vectors: (k, dim), finite. Vectors reach the disk before their hashes, so that a hash never names a torn row.
        """
        fresh = list({h: i for i, h in enumerate(hashes) if h not in self._rows}.values())
        self._write(self._vectors_path, vectors[fresh].astype(STORED).tobytes(), self._count * self._row_bytes)
        self._write(self._hashes_path, b"".join(hashes[i] for i in fresh), self._count * HASH_BYTES)
        for offset, i in enumerate(fresh):
            self._rows[hashes[i]] = self._count + offset
        self._count += len(fresh)
        return np.array([self._rows[h] for h in hashes], dtype=np.int64)

    def __getitem__(self, rows: Integers) -> Floats:
        """The vectors of `rows`, (k, dim) float32."""
        return self._map()[rows].astype(np.float32)

    def linear(self, rows: Integers, weight: Floats, bias: Floats | None = None) -> Floats:
        """`vectors @ weight.T + bias` of the vectors of `rows`, (N, K), read piece by piece.

        rows: ascending. weight: (K, dim). bias: (K,). Where rows are dense, those between are computed as well, which
        is quicker than to gather.
        """
        mapped = self._map()
        w, b = torch.from_numpy(weight), None if bias is None else torch.from_numpy(bias)
        buffer = torch.empty((BLOCK, self.dim))
        found = np.empty((len(rows), len(weight)), np.float32)
        for piece in _pieces(rows):
            wanted = rows[piece]
            low, high = int(wanted[0]), int(wanted[-1]) + 1
            is_dense = high - low <= BLOCK
            part = torch.from_numpy(mapped[low:high] if is_dense else mapped[wanted])
            block = buffer[: len(part)].copy_(part)
            products = torch.nn.functional.linear(block, w, b).numpy()
            found[piece] = products[wanted - low] if is_dense else products
        return found

    def sketch(self) -> None:
        """Bring the sketches up to date with the rows, for `nearly_equal`; for the thread that appends."""
        for start in range(self._sketched, self._count, MANY):
            rows = np.arange(start, min(start + MANY, self._count))
            found = bits(self.linear(rows, self._planes))
            if len(self._sketches) < self._count:
                self._sketches = np.resize(self._sketches, (2 * self._count, WORDS))
            self._sketches[rows] = found
            self._sketched = int(rows[-1]) + 1

    def nearly_equal(self, row: int, cosine: float) -> Integers:
        """The sketched rows, `row` among them, whose vectors have at least this cosine with that of `row`, (k,).

        Approximate: about one in 20,000 that just has this cosine is missed.
        """
        sketches = self._sketches[: self._sketched]
        if row >= len(sketches):
            return np.empty(0, np.int64)
        maybe: Integers = np.flatnonzero(distances(sketches[row], sketches) <= most_bits(cosine))
        near: Integers = maybe[self[maybe] @ self[np.array([row])][0] >= cosine]
        return near

    def _map(self) -> npt.NDArray[np.float16]:
        count = self._count
        if len(self._mapped) < count:
            self._mapped = np.memmap(self._vectors_path, STORED, mode="c", shape=(count, self.dim))
        return self._mapped

    @staticmethod
    def _write(path: Path, data: bytes, position: int) -> None:
        with path.open("r+b") as file:
            file.seek(position)
            file.write(data)
            file.flush()
            os.fdatasync(file.fileno())

    def _cut_torn_tail(self) -> int:
        for path in (self._vectors_path, self._hashes_path):
            path.touch()
        count = min(
            self._vectors_path.stat().st_size // self._row_bytes, self._hashes_path.stat().st_size // HASH_BYTES
        )
        os.truncate(self._vectors_path, count * self._row_bytes)
        os.truncate(self._hashes_path, count * HASH_BYTES)
        return count


def _pieces(rows: Integers) -> Iterator[slice]:
    """Parts of ascending `rows` that lie within BLOCK rows and fill half of them, or else have BLOCK entries."""
    start = 0
    while start < len(rows):
        beyond = int(np.searchsorted(rows, rows[start] + BLOCK))
        end = beyond if 2 * (beyond - start) >= BLOCK else min(start + BLOCK, len(rows))
        yield slice(start, end)
        start = end
