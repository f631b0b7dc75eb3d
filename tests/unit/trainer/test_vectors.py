from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trainer.vectors import BLOCK, VectorFile

DIM = 6


def hashes(*numbers: int) -> list[bytes]:
    return [number.to_bytes(16, "big") for number in numbers]


def vectors(count: int, seed: int = 0) -> np.ndarray:
    x = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_what_was_written_is_found_by_hash_after_reopening(tmp_path: Path) -> None:
    x = vectors(3)
    assert VectorFile(tmp_path, DIM).append(hashes(7, 8, 9), x).tolist() == [0, 1, 2]
    again = VectorFile(tmp_path, DIM)
    assert len(again) == 3
    assert [again.find(h) for h in hashes(9, 7, 1)] == [2, 0, -1]
    np.testing.assert_allclose(again[np.array([2, 0])], x[[2, 0]], atol=5e-4)


def test_a_known_hash_keeps_its_row(tmp_path: Path) -> None:
    file = VectorFile(tmp_path, DIM)
    file.append(hashes(1), vectors(1))
    assert file.append(hashes(1, 2, 2), vectors(3, seed=1)).tolist() == [0, 1, 1]
    assert len(file) == 2
    np.testing.assert_allclose(file[np.array([0])], vectors(1), atol=5e-4)


@pytest.mark.parametrize("file", ["vectors.f16", "hashes.bin"])
@pytest.mark.parametrize("lost", [1, 5, 11, 12, 17])
def test_a_torn_tail_costs_only_what_is_torn(tmp_path: Path, file: str, lost: int) -> None:
    first = VectorFile(tmp_path, DIM)
    first.append(hashes(1, 2, 3), vectors(3))
    path = tmp_path / file
    path.write_bytes(path.read_bytes()[:-lost])
    again = VectorFile(tmp_path, DIM)
    kept = len(again)
    assert 1 <= kept < 3
    np.testing.assert_allclose(again[np.arange(kept)], vectors(3)[:kept], atol=5e-4)
    assert again.append(hashes(3, 4), vectors(2, seed=9)).tolist() == [kept, kept + 1]
    np.testing.assert_allclose(VectorFile(tmp_path, DIM)[np.array([kept])], vectors(2, seed=9)[:1], atol=5e-4)


def test_a_reader_sees_what_is_appended_later(tmp_path: Path) -> None:
    file = VectorFile(tmp_path, DIM)
    file.append(hashes(1), vectors(1))
    assert file[np.array([0])].shape == (1, DIM)
    file.append(hashes(2), vectors(1, seed=2))
    np.testing.assert_allclose(file[np.array([1])], vectors(1, seed=2), atol=5e-4)


@pytest.mark.parametrize("share", [1.0, 0.9, 0.3, 0.01])
@pytest.mark.parametrize("count", [0, 1, BLOCK, 3 * BLOCK + 3])
def test_products_of_any_ascending_rows(tmp_path: Path, count: int, share: float) -> None:
    file = VectorFile(tmp_path, DIM)
    x = vectors(count)
    file.append(hashes(*range(count)), x)
    rng = np.random.default_rng(0)
    rows = np.flatnonzero(rng.random(count) < share)
    weight, bias = vectors(3, seed=1), np.arange(3, dtype=np.float32)
    np.testing.assert_allclose(file.linear(rows, weight, bias), x[rows] @ weight.T + bias, atol=2e-3)


def test_nearly_equal_rows_are_those_that_a_comparison_with_all_finds(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(50, DIM)), 4, axis=0) + 0.05 * rng.normal(size=(200, DIM))
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    file = VectorFile(tmp_path, DIM)
    file.append(hashes(*range(100)), x[:100])
    file.sketch()
    file.append(hashes(*range(100, 200)), x[100:])
    assert len(file.nearly_equal(150, 0.97)) == 0
    file.sketch()
    stored = file[np.arange(200)]
    for row in (0, 77, 199):
        assert file.nearly_equal(row, 0.97).tolist() == np.flatnonzero(stored @ stored[row] >= 0.97).tolist()
