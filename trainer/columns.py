"""Growable columns indexed by image number: a million images in a few bytes each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


class Column:
    """A numpy array that grows by doubling; new places hold `fill`."""

    def __init__(self, dtype: npt.DTypeLike, fill: Any) -> None:
        self._fill = fill
        self._data = np.full(64, fill, dtype)
        self._length = 0

    def reserve(self, length: int) -> None:
        """Make the places below `length` exist."""
        if length > len(self._data):
            grown = np.full(max(length, 2 * len(self._data)), self._fill, self._data.dtype)
            grown[: len(self._data)] = self._data
            self._data = grown
        self._length = max(self._length, length)

    @property
    def values(self) -> npt.NDArray[Any]:
        """A writable view of all places."""
        return self._data[: self._length]


class TextColumn:
    """Strings in one buffer, two numbers each; a changed string leaves its old bytes behind."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._start = Column(np.int64, 0)
        self._bytes = Column(np.int32, 0)

    def reserve(self, length: int) -> None:
        """Make the places below `length` exist, empty."""
        self._start.reserve(length)
        self._bytes.reserve(length)

    def put(self, places: npt.NDArray[np.int64], texts: Sequence[str]) -> None:
        """Write texts into places that are all different; one that is there already takes no room again."""
        data = [text.encode("utf-8", "surrogateescape") for text in texts]
        lengths = np.fromiter(map(len, data), np.int32, len(data))
        for i in np.flatnonzero((lengths > 0) & (lengths == self._bytes.values[places])):
            if self._read(int(places[i])) == data[i]:
                lengths[i], data[i] = 0, b""
        new = np.flatnonzero((lengths > 0) | np.array([not text for text in texts], np.bool_))
        starts = len(self._buffer) + np.cumsum(lengths) - lengths
        self._start.values[places[new]] = starts[new]
        self._bytes.values[places[new]] = lengths[new]
        self._buffer += b"".join(data)

    def __getitem__(self, place: int) -> str:
        return self._read(place).decode("utf-8", "surrogateescape")

    def _read(self, place: int) -> bytes:
        start = int(self._start.values[place])
        return bytes(self._buffer[start : start + int(self._bytes.values[place])])
