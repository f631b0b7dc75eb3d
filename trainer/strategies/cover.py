"""Greedy coverage of the pool under a Gaussian kernel, what herding and uherding have in common."""

from __future__ import annotations

import heapq
from typing import Final

import numpy as np
import torch

from trainer.strategies.base import Doubles, Floats, Integers

DEFAULT_WIDTH: Final = 0.5  # of the kernel, in units of the distance between typical images


def kernel_width(landmarks: Floats) -> float:
    """The kernel's σ: DEFAULT_WIDTH times the root mean squared distance between landmarks; above 0."""
    spread = float(2 * landmarks.var(axis=0, dtype=np.float64).sum())
    return DEFAULT_WIDTH * float(np.sqrt(max(spread, 1e-12)))


def gaussian(a: Floats, b: Floats, width: float) -> Floats:
    """k(a, b) = exp(−‖a − b‖² / (2 width²)) of unit vectors, (n, D), (m, D) → (n, m)."""
    kernel: Floats = torch.mm(torch.from_numpy(a), torch.from_numpy(b).T).numpy()  # on all of torch's threads
    kernel -= 1
    kernel /= width**2
    np.minimum(kernel, 0, out=kernel)
    return np.exp(kernel, out=kernel)


def coverage(landmarks: Floats, selected: Floats, width: float, block: int = 1024) -> Floats:
    """max over selected s of k(x_j, s) for each landmark x_j, 0 where nothing is selected, (m,)."""
    covered = np.zeros(len(landmarks), np.float32)
    for start in range(0, len(selected), block):
        np.maximum(covered, gaussian(selected[start : start + block], landmarks, width).max(axis=0), out=covered)
    return covered


def greedy_cover(kernel: Floats, covered: Floats, weights: Floats, count: int) -> tuple[Integers, Doubles]:
    """Greedily maximise Σ_j U_j · max(0, k(x_j, x) − covered_j), covered growing with each choice.

    kernel: (n, m) between candidates and landmarks; covered, weights U: (m,). Returns the order (count,) and the gain
    of each choice. Lazy: a gain can only shrink (submodularity), so only those that still lead are computed anew
    [Minoux 1978]; the result is the same as without.
    """
    covered = covered.copy()
    gains = np.maximum(kernel - covered, 0) @ weights
    heap = [(-gain, i, 0) for i, gain in enumerate(gains.tolist())]
    heapq.heapify(heap)
    order: list[int] = []
    chosen: list[float] = []
    while heap and len(order) < count:
        negative, i, round_ = heap[0]
        if round_ < len(order):
            gain = float(np.maximum(kernel[i] - covered, 0) @ weights)
            heapq.heapreplace(heap, (-gain, i, len(order)))
            continue
        heapq.heappop(heap)
        order.append(i)
        chosen.append(-negative)
        np.maximum(covered, kernel[i], out=covered)
    return np.array(order, np.int64), np.array(chosen)
