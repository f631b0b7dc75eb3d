"""Sketches of vectors, by which nearly equal ones are found without reading the vectors [Charikar 2002]."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Sketches = npt.NDArray[np.uint64]

WORDS: Final = 2  # of 64 bits
SLACK: Final = 3.9  # standard deviations above the mean number of differing bits; about one in 20,000 has more


def planes(dim: int) -> Floats:
    """Random hyperplanes, always the same for the same dimension, (64 · WORDS, dim)."""
    return np.random.default_rng(dim).normal(size=(64 * WORDS, dim)).astype(np.float32)


def bits(products: Floats) -> Sketches:
    """One bit for the side of each hyperplane that a vector lies on, from the products with `planes`.

    (n, 64 · WORDS) → (n, WORDS). Two vectors at an angle θ differ in a share θ/π of the bits, on average.
    """
    return np.packbits(products > 0, axis=1).view(np.uint64)


def distances(sketch: Sketches, others: Sketches) -> Integers:
    """Number of differing bits, (WORDS,) and (n, WORDS) → (n,)."""
    differing: Integers = np.bitwise_count(others ^ sketch).sum(axis=1, dtype=np.int64)
    return differing


def most_bits(cosine: float) -> int:
    """How many bits may differ between vectors with at least this cosine, in (−1, 1]."""
    n, share = 64 * WORDS, math.acos(cosine) / math.pi
    return math.ceil(n * share + SLACK * math.sqrt(n * share * (1 - share)))
