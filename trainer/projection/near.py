"""A place for what was not laid out itself: beside the landmarks that it resembles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Report = Callable[[float], None]

NEAREST: Final = 5  # landmarks that say where an image lies
SLICE: Final = 1_024  # rows that are compared with all landmarks at once
CLOSEST: Final = 1e-6  # a distance below it counts as this


def place_near(codes: Floats, anchors: Floats, anchor_places: Floats, report: Report) -> Floats:
    """The mean place of the nearest anchors, weighted by the inverse of their distances, (n, d) → (n, 2)."""
    nearest = min(NEAREST, len(anchors))
    lengths = (anchors * anchors).sum(axis=1)
    found = np.empty((len(codes), 2), np.float32)
    for start in range(0, len(codes), SLICE):
        report(start / len(codes))
        part = codes[start : start + SLICE]
        squares = lengths - 2.0 * (part @ anchors.T)
        near = np.argpartition(squares, nearest - 1, axis=1)[:, :nearest]
        exact = np.linalg.norm(part[:, None] - anchors[near], axis=2)
        weights = 1.0 / np.maximum(exact, CLOSEST)
        weights /= weights.sum(axis=1, keepdims=True)
        found[start : start + SLICE] = (anchor_places[near] * weights[..., None]).sum(axis=1)
    return found
