"""Embeddings in two dimensions, for the map: one table of the ways there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from trainer.projection.tsne import embed_neighbours

Floats = npt.NDArray[np.float32]
Fit = Callable[[Floats, int, Callable[[float], None]], Floats]


@dataclass(frozen=True, slots=True)
class Projection:
    """One way to lay embeddings out on a plane.

    components: how many principal components it starts from. landmarks: the most images it is fitted on; the others
    get the place of those they resemble. fit: (codes (n, components), seed, report) → places (n, 2), in a process of
    its own; None where the first two components are the place.
    """

    components: int
    landmarks: int
    fit: Fit | None = None


PROJECTIONS: Final[dict[str, Projection]] = {
    "pca": Projection(components=2, landmarks=4_096),
    "tsne": Projection(components=50, landmarks=10_000, fit=embed_neighbours),
}
