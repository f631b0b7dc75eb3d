"""Random changes that leave an image's class alone: crops, light, colour, and flips where these are allowed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch.nn import functional

from trainer.models.space import Pixels, SpaceInfo

Augment = Callable[[torch.Tensor, torch.Generator], torch.Tensor]


@dataclass(frozen=True, slots=True)
class Views:
    """Makes random views of whole batches, differently for each image.

    smallest: least side of a crop, as a share of the image's. light: most change of brightness and contrast, as a
    factor's distance from 1. colour: most change of one channel. grey: share of images that lose their colour.
    flips: whether images may be mirrored; wrong where left and right tell classes apart. size: side of a view in
    pixels; None keeps the image's.
    """

    smallest: float = 0.5
    light: float = 0.4
    colour: float = 0.2
    grey: float = 0.2
    flips: bool = False
    size: int | None = None

    def __call__(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """images: (N, 3, S, S) float in 0..1 → (N, 3, size, size), in the same range.

        A fourth channel, a region of the image, stays on its pixels and keeps its values.
        """
        cropped = self._crop(images, generator)
        return torch.cat([self._light(cropped[:, :3], generator), cropped[:, 3:]], 1)

    def _crop(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        n = len(images)
        sides = self.smallest + (1 - self.smallest) * torch.rand(n, 2, generator=generator)
        centres = (1 - sides) * (2 * torch.rand(n, 2, generator=generator) - 1)
        if self.flips:
            sides[:, 0] *= 1 - 2 * (torch.rand(n, generator=generator) < 0.5).float()
        theta = torch.zeros(n, 2, 3)
        theta[:, 0, 0], theta[:, 1, 1] = sides[:, 0], sides[:, 1]
        theta[:, :, 2] = centres
        size = self.size or images.shape[-1]
        grid = functional.affine_grid(theta, [n, 3, size, size], align_corners=False)
        return functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)

    def _light(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        n = len(images)

        def factor(most: float, *shape: int) -> torch.Tensor:
            return 1 + most * (2 * torch.rand(n, *shape, generator=generator) - 1)

        grey = images.mean(dim=1, keepdim=True)
        faded = (torch.rand(n, generator=generator) < self.grey).view(n, 1, 1, 1)
        images = torch.where(faded, grey, images * factor(self.colour, 3, 1, 1))
        middle = grey.mean(dim=(2, 3), keepdim=True)
        images = (images - middle) * factor(self.light, 1, 1, 1) + middle * factor(self.light, 1, 1, 1)
        return images.clamp_(0, 1)


class Standardise:
    """(N, 3, S, S) in 0..1 → standardised as a space wants it, channels last."""

    def __init__(self, info: SpaceInfo) -> None:
        self._mean = torch.tensor(info.mean).view(1, 3, 1, 1)
        self._std = torch.tensor(info.std).view(1, 3, 1, 1)

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """images: (N, 3, S, S) → the same shape."""
        return ((images - self._mean) / self._std).contiguous(memory_format=torch.channels_last)


def to_floats(images: Pixels) -> torch.Tensor:
    """8-bit (N, S, S, 3) → (N, 3, S, S) in 0..1."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


def half_precision() -> AbstractContextManager[object]:
    """Computes in bfloat16 where this processor can: about twice as fast."""
    able = torch.cpu.get_capabilities()
    return torch.autocast("cpu", torch.bfloat16, enabled=bool(able.get("avx512_bf16") or able.get("amx_bf16")))
