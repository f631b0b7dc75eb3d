"""An embedding space: how an image becomes a unit vector. What the rest of the trainer knows of a model."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from shared.wire import Message

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]


class SpaceInfo(Message):
    """What is needed, besides the weights, to make the space again; part of an exported model's JSON.

    kind: `torchvision` (by backbone name), `factory` (by dotted name) or `pixels`. mean and std are per channel, of
    values in 0..1. The image is squeezed to image_size × image_size pixels, whatever its shape, so that no edge is cut.
    """

    kind: str
    name: str
    weights: str
    image_size: int
    dim: int
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)


class Space(Protocol):
    """Prepares images one by one, in any thread, and embeds them in batches, in one thread."""

    @property
    def id(self) -> str:
        """A folder name that two spaces share exactly when they give the same vectors."""

    @property
    def info(self) -> SpaceInfo:
        """What the space is."""

    def embed(self, images: Pixels) -> Floats:
        """Unit vectors of prepared images, (N, S, S, 3) → (N, dim); NaN throughout where one is not finite."""

    def state(self) -> dict[str, torch.Tensor]:
        """The weights, under names of their own."""


def prepare(image: Image.Image, size: int) -> Pixels:
    """The 8-bit RGB image squeezed to size × size, antialiased, (size, size, 3)."""
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(image, dtype=np.uint8)


def unit_rows(vectors: Floats) -> Floats:
    """Rows divided by their length, (N, D); an all-zero row stays, one that is not finite becomes NaN throughout."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    lengths[~np.isfinite(lengths)] = np.nan
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)
