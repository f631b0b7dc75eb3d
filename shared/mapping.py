"""The map as bytes: columns of equal length, one after the other, little-endian."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from shared.errors import ProtocolError

Column = npt.NDArray[Any]
Layout = Mapping[str, np.dtype[Any]]

FULL: Final = 65_535  # the largest coordinate
SURE: Final = 255  # a confidence of 1
NO_CLASS: Final = -1

PLACES: Final[Layout] = {
    "numbers": np.dtype("<u4"),
    "x": np.dtype("<u2"),
    "y": np.dtype("<u2"),
    "predicted": np.dtype("<i2"),
    "confidence": np.dtype("u1"),
}
"""What the trainer answers: image numbers, coordinates 0..FULL, predicted class or NO_CLASS, confidence 0..SURE."""


def pack(layout: Layout, columns: Mapping[str, Column]) -> bytes:
    """The columns of `layout`, each (N,), one after the other."""
    return b"".join(np.ascontiguousarray(columns[name], dtype).tobytes() for name, dtype in layout.items())


def unpack(layout: Layout, data: bytes) -> dict[str, Column]:
    """The columns by name, each (N,), read-only. Raises ProtocolError where the length does not fit the layout."""
    row_bytes = sum(dtype.itemsize for dtype in layout.values())
    if len(data) % row_bytes:
        raise ProtocolError(f"a map has {len(data):,} bytes; expected a multiple of {row_bytes}")
    count, start = len(data) // row_bytes, 0
    found = {}
    for name, dtype in layout.items():
        found[name] = np.frombuffer(data, dtype, count, start)
        start += count * dtype.itemsize
    return found


def on_grid(places: npt.NDArray[np.float32]) -> tuple[Column, Column]:
    """Places, (N, 2), as x and y, 0..FULL, each (N,): the same scale on both axes, in the middle."""
    if not len(places):
        return np.empty(0, "<u2"), np.empty(0, "<u2")
    low, high = places.min(axis=0), places.max(axis=0)
    size = max(float((high - low).max()), 1e-12)
    scaled = (places - (low + high) / 2) / size * FULL + FULL / 2
    x, y = np.clip(np.rint(scaled), 0, FULL).astype("<u2").T
    return x, y
