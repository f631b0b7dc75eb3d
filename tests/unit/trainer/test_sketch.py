from __future__ import annotations

import math

import numpy as np
import pytest

from trainer.sketch import WORDS, bits, distances, most_bits, planes

BITS = 64 * WORDS


def pair(angle: float, rng: np.random.Generator, dim: int = 40) -> np.ndarray:
    a, b = np.linalg.qr(rng.normal(size=(dim, 2)))[0].T
    return np.stack([a, math.cos(angle) * a + math.sin(angle) * b]).astype(np.float32)


@pytest.mark.parametrize("angle", [0.0, 0.25, 1.0, math.pi / 2, 3.0])
def test_the_share_of_differing_bits_is_the_angle(angle: float) -> None:
    rng = np.random.default_rng(0)
    hyperplanes = planes(40)
    found = []
    for _ in range(300):
        a, b = bits(pair(angle, rng) @ hyperplanes.T)
        found.append(int(distances(a, b[None])[0]))
    assert np.mean(found) / BITS == pytest.approx(angle / math.pi, abs=0.01)


@pytest.mark.parametrize("cosine", [0.9, 0.97, 0.999])
def test_what_is_as_near_as_asked_is_hardly_ever_missed(cosine: float) -> None:
    rng = np.random.default_rng(1)
    hyperplanes = planes(40)
    pairs = np.concatenate([pair(math.acos(cosine), rng) for _ in range(2_000)])
    sketches = bits(pairs @ hyperplanes.T).reshape(2_000, 2, WORDS)
    differing = [int(distances(a, b[None])[0]) for a, b in sketches]
    assert sum(d > most_bits(cosine) for d in differing) <= 4


def test_equal_vectors_have_equal_sketches() -> None:
    assert most_bits(1.0) == 0
    x = np.random.default_rng(0).normal(size=(5, 40)).astype(np.float32)
    sketches = bits(x @ planes(40).T)
    assert sketches.shape == (5, WORDS)
    assert distances(sketches[3], sketches).tolist().index(0) == 3
