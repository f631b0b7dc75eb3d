"""A place for what was not laid out itself: among the landmarks that it resembles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Report = Callable[[float], None]

NEAREST: Final = 15  # landmarks that say where an image lies
SLICE: Final = 1_024  # rows that are compared with all landmarks at once
SAMPLE: Final = 500  # landmarks that say how dense the map is
SMALLEST: Final = 1e-12


def place_near(codes: Floats, anchors: Floats, anchor_places: Floats, report: Report) -> Floats:
    """The densest spot among the places of the nearest anchors, (n, d) → (n, 2).

    A step of mean shift [Fukunaga & Hostetler 1975] from the place with the most others around it, nearer anchors
    weighing more. Their mean would fall between two heaps: on 7,000 images beside 5,000 landmarks it keeps a
    trustworthiness of .81, this .89, and the map of all 12,000 has .89 (benchmarks/projection.py).
    anchors: (k, d), k ≥ 1; anchor_places: (k, 2).
    """
    count = min(NEAREST, len(anchors))
    width = spread(anchor_places, count)
    lengths = (anchors * anchors).sum(axis=1)
    found = np.empty((len(codes), 2), np.float32)
    for start in range(0, len(codes), SLICE):
        report(start / len(codes))
        part = codes[start : start + SLICE]
        squares = lengths - 2.0 * (part @ anchors.T)
        near = np.argpartition(squares, count - 1, axis=1)[:, :count]
        exact = ((part[:, None] - anchors[near]) ** 2).sum(axis=2)
        found[start : start + SLICE] = _densest(anchor_places[near], exact, width)
    return found


def spread(places: Floats, count: int) -> float:
    """The median distance from a place to its `count`-th nearest, itself the first; above 0. places: (k, 2), k ≥ 1."""
    some = places[:: max(1, len(places) // SAMPLE)]
    squares = ((some[:, None] - places[None]) ** 2).sum(axis=2)
    return max(float(np.sqrt(np.median(np.partition(squares, count - 1, axis=1)[:, count - 1]))), SMALLEST)


def _densest(places: Floats, squares: Floats, width: float) -> Floats:
    """Of k places each, (m, k, 2), with squared distances of their anchors (m, k), the densest spot, (m, 2)."""
    least = squares.min(axis=1, keepdims=True)
    scale = np.median(squares, axis=1, keepdims=True) - least
    weights = np.exp(-(squares - least) / np.maximum(scale, SMALLEST))
    apart = ((places[:, :, None] - places[:, None]) ** 2).sum(axis=3)
    kernel = np.exp(-apart / width**2)
    best = (kernel * weights[:, None]).sum(axis=2).argmax(axis=1)
    shares = kernel[np.arange(len(places)), best] * weights
    spots: Floats = (places * (shares / shares.sum(axis=1, keepdims=True))[..., None]).sum(axis=1)
    return spots
