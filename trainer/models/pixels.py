"""Fixed features for when there are no pretrained weights: downsized pixels, reduced by PCA."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from trainer.models.space import Floats, Pixels, SpaceInfo, unit_rows

PIXEL_SIZE: Final = 32
MAX_COMPONENTS: Final = 128
FIT_ON: Final = 1_000  # images


@dataclass(frozen=True, slots=True)
class PixelSpace:
    """Standardised RGB pixels projected on the principal components of some images.

    mean, scale: (S·S·3,). components: (dim, S·S·3), orthonormal rows. fitted_on: number of images.
    """

    mean: Floats
    scale: Floats
    components: Floats
    fitted_on: int
    image_size: int = PIXEL_SIZE

    @classmethod
    def fit(cls, images: Pixels) -> Self:
        """The space of prepared images, (n, S, S, 3), n ≥ 1; deterministic, signs included."""
        x = images.reshape(len(images), -1).astype(np.float32) / 255
        mean = x.mean(axis=0)
        scale = np.maximum(x.std(axis=0), 0.01).astype(np.float32)
        _, _, components = np.linalg.svd((x - mean) / scale, full_matrices=False)
        components = components[:MAX_COMPONENTS]
        largest = np.abs(components).argmax(axis=1)
        components *= np.sign(components[np.arange(len(components)), largest])[:, None]
        return cls(mean, scale, np.ascontiguousarray(components, np.float32), len(images), images.shape[1])

    @classmethod
    def from_state(cls, state: dict[str, torch.Tensor], image_size: int) -> Self:
        """The space whose `state()` this is."""
        arrays = {name: tensor.numpy() for name, tensor in state.items()}
        return cls(arrays["mean"], arrays["scale"], arrays["components"], int(arrays["fitted_on"]), image_size)

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """The space that `save` wrote; None where there is none that can be read."""
        try:
            return cls.from_state(load_file(path), PIXEL_SIZE)
        except (OSError, SafetensorError, KeyError):
            return None

    def save(self, path: Path) -> None:
        """Write the components to a safetensors file, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".part")
        save_file(self.state(), draft)
        draft.replace(path)

    @property
    def id(self) -> str:
        """Names the components by their hash."""
        digest = hashlib.blake2b(digest_size=6)
        for array in (self.mean, self.scale, self.components):
            digest.update(np.ascontiguousarray(array).tobytes())
        return f"pixels-{self.image_size}-{digest.hexdigest()}"

    @property
    def info(self) -> SpaceInfo:
        """What the space is."""
        return SpaceInfo(
            kind="pixels", name="pixels", weights="none", image_size=self.image_size, dim=len(self.components)
        )

    def embed(self, images: Pixels) -> Floats:
        """Unit vectors, (N, S, S, 3) → (N, dim)."""
        x = images.reshape(len(images), -1).astype(np.float32) / 255
        return unit_rows(np.asarray(((x - self.mean) / self.scale) @ self.components.T, np.float32))

    def state(self) -> dict[str, torch.Tensor]:
        """The weights, under names of their own."""
        return {
            "mean": torch.from_numpy(self.mean),
            "scale": torch.from_numpy(self.scale),
            "components": torch.from_numpy(self.components),
            "fitted_on": torch.tensor(self.fitted_on),
        }
