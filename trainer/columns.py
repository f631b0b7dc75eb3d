"""Growable columns indexed by image number: a million images in a few bytes each."""

from __future__ import annotations

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

    def __setitem__(self, place: int, text: str) -> None:
        data = text.encode("utf-8", "surrogateescape")
        if self[place] == text:
            return
        self._start.values[place] = len(self._buffer)
        self._bytes.values[place] = len(data)
        self._buffer += data

    def __getitem__(self, place: int) -> str:
        start = int(self._start.values[place])
        data = self._buffer[start : start + int(self._bytes.values[place])]
        return data.decode("utf-8", "surrogateescape")
