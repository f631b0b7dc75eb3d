"""Embeddings in three clear heaps, in an array on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trainer.pool import Located
from trainer.vectors import Floats, Integers, VectorFile

DIM = 24


def heaps(count: int, seed: int = 0, dim: int = DIM) -> tuple[Floats, Integers]:
    """Unit vectors around three centres, (count, dim), and which one each belongs to, (count,)."""
    centres = np.random.default_rng(99).normal(size=(3, dim))
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, count)
    x = centres[y] + 0.25 * rng.normal(size=(count, dim))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), y


def located(vectors: VectorFile, x: Floats, start: int = 0) -> Located:
    """Images `start`, `start` + 1, … with the embeddings x."""
    hashes = [(start + i).to_bytes(16, "big") for i in range(len(x))]
    rows = vectors.append(hashes, x)
    return Located(vectors, np.arange(start, start + len(x)), rows)


@pytest.fixture
def vectors(tmp_path: Path) -> VectorFile:
    return VectorFile(tmp_path / "vectors", DIM)
