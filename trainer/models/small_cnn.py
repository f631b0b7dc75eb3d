"""A small convolutional network for images without pretrained weights: quick on a CPU, a few hundred features."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from trainer.models.pixels import PixelSpace
from trainer.models.space import Pixels, SpaceInfo

KIND: Final = "small_cnn"
IMAGE_SIZE: Final = 32
BLOCKS: Final = ((32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (256, 2))  # channels, stride
PIXEL_FEATURES: Final = 128
PIXEL_WEIGHT: Final = 0.5  # length of the pixels' part beside the convolutions', which is 1
FIT_ON: Final = 1_000  # images


class SmallCNN(nn.Module):
    """Six convolutions with global average pooling, and beside them principal components of the pixels.

    (N, 3, S, S) standardised → (N, 384): 256 pooled features of length 1 and up to 128 components of length
    PIXEL_WEIGHT. S is 16 to 64. About 0.7 million weights; at 32 px one CPU core embeds 1,500 images a second. Each
    part knows what the other does not: together they were better than either on every set and number of labels.
    """

    def __init__(self, image_size: int = IMAGE_SIZE) -> None:
        super().__init__()
        sizes = [3, *(channels for channels, _ in BLOCKS)]
        self.trunk = nn.Sequential(
            *(_block(i, o, stride) for i, (o, stride) in zip(sizes[:-1], BLOCKS, strict=True)),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.pixels = nn.Linear(3 * image_size**2, PIXEL_FEATURES).requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The features."""
        pixels = functional.normalize(self.pixels(x.flatten(1))) * PIXEL_WEIGHT
        return torch.cat([functional.normalize(self.trunk(x)), pixels], dim=1)


def _block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


def small_cnn(images: Pixels) -> tuple[SmallCNN, SpaceInfo]:
    """A network with untrained convolutions that suits `images`, (n, S, S, 3), and what its space is.

    Colours are standardised by the images' own mean and deviation; the principal components are those of some.
    """
    size = images.shape[1]
    network = SmallCNN(size).to(memory_format=torch.channels_last)
    some = images[:FIT_ON]
    mean = some.mean(axis=(0, 1, 2), dtype=np.float64) / 255
    std = np.maximum(some.std(axis=(0, 1, 2), dtype=np.float64) / 255, 0.01)
    info = SpaceInfo(
        kind=KIND,
        name=KIND,
        weights="own",
        image_size=size,
        dim=BLOCKS[-1][0] + PIXEL_FEATURES,
        mean=(float(mean[0]), float(mean[1]), float(mean[2])),
        std=(float(std[0]), float(std[1]), float(std[2])),
    )
    _take_components(network.pixels, PixelSpace.fit(some), info)
    return network, info


def _take_components(layer: nn.Linear, space: PixelSpace, info: SpaceInfo) -> None:
    """Let `layer` do to standardised (3, S, S) what `space` does to 8-bit (S, S, 3); missing components stay 0."""
    size, count = info.image_size, len(space.components)
    shape = (size, size, 3)
    scale, mean = space.scale.reshape(shape), space.mean.reshape(shape)
    weight = space.components.reshape(count, *shape) * (np.array(info.std) / scale)
    bias = space.components @ ((np.array(info.mean) - mean) / scale).ravel()
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.zero_()
        layer.weight[:count] = torch.from_numpy(weight.transpose(0, 3, 1, 2).reshape(count, -1).copy())
        layer.bias[:count] = torch.from_numpy(bias)
