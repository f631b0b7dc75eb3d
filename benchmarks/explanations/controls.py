"""Maps that know nothing of the model: what a method has to beat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float32]
CELLS: Final = 7

Control = Callable[[int, np.random.Generator], Floats]


def random_pixels(size: int, rng: np.random.Generator) -> Floats:
    """Every pixel by itself: as fine as gradients."""
    return rng.random((size, size), np.float32)


def random_cells(size: int, rng: np.random.Generator) -> Floats:
    """CELLS × CELLS values, enlarged: as coarse as class activation maps."""
    cells = Image.fromarray(rng.random((CELLS, CELLS), np.float32))
    return np.asarray(cells.resize((size, size), Image.Resampling.BICUBIC), np.float32).clip(0)


def centre(size: int, rng: np.random.Generator) -> Floats:
    """The middle of the image, where people put what they show."""
    places = (np.arange(size) - (size - 1) / 2) / (size / 4)
    return np.exp(-(places[:, None] ** 2 + places**2) / 2).astype(np.float32)


CONTROLS: Final[dict[str, Control]] = {
    "random pixels": random_pixels,
    "random cells": random_cells,
    "centre": centre,
}
