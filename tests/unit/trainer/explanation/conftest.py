"""A network whose answer is known: it looks for red, green and blue, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from trainer.explanation import Explained
from trainer.models.backbone import NetworkSpace
from trainer.models.head import Head
from trainer.models.space import SpaceInfo

SIZE = 64
MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)


class Raising(nn.Module):
    """Passes images on; raises at the `at`-th pass."""

    def __init__(self) -> None:
        super().__init__()
        self.passes, self.at = 0, -1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.passes += 1
        if self.passes == self.at:
            raise RuntimeError("a layer broke")
        return x


def smoothing(stride: int, kernel: torch.Tensor | None = None) -> nn.Conv2d:
    """Each of four channels averaged over its neighbours; or, with a kernel (4, 3), three colours mixed first."""
    conv = nn.Conv2d(4 if kernel is None else 3, 4, 3, stride, padding=1)
    mix = torch.eye(4) if kernel is None else kernel
    conv.weight.data = mix[:, :, None, None].repeat(1, 1, 3, 3) / 9
    conv.bias.data = torch.zeros(4)
    if kernel is not None:
        conv.bias.data[3] = 0.2  # the fourth channel is always on, so that no image is without features
    return conv


def colour_network(pooling: nn.Module | None = None) -> nn.Sequential:
    """(N, 3, 64, 64) → (N, 4): how much red, green and blue stands out, and a constant."""
    stands_out = torch.tensor([[1, -0.5, -0.5], [-0.5, 1, -0.5], [-0.5, -0.5, 1], [0, 0, 0]])
    maps = nn.Sequential(
        smoothing(2, stands_out), nn.ReLU(inplace=True), Raising(), smoothing(2), nn.ReLU(), smoothing(2), nn.ReLU()
    )
    return nn.Sequential(maps, pooling or nn.AdaptiveAvgPool2d(1), nn.Flatten())


def colour_info(dim: int = 4) -> SpaceInfo:
    return SpaceInfo(kind="factory", name="tests:colours", weights="own", image_size=SIZE, dim=dim, mean=MEAN, std=STD)


def colour_head() -> Head:
    """Classes 3, 5 and 8: red, green and blue."""
    weight = np.hstack([2 * np.eye(3) - 1, np.zeros((3, 1))]).astype(np.float32)
    return Head(np.array([3, 5, 8]), weight, np.zeros(3, np.float32), 0.0)


def planted(left: int = 36, top: int = 8, side: int = 16, colour: int = 0) -> np.ndarray:
    """Grey with a square of one colour, (64, 64, 3)."""
    image = np.full((SIZE, SIZE, 3), 127, np.uint8)
    image[top : top + side, left : left + side] = 40
    image[top : top + side, left : left + side, colour] = 230
    return image


@pytest.fixture
def space() -> NetworkSpace:
    return NetworkSpace(colour_network(), colour_info(), torch.device("cpu"))


@pytest.fixture
def explained(space: NetworkSpace) -> Explained:
    return Explained.of(space, colour_head())
