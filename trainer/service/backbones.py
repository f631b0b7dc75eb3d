"""Backbones by name, and where their weights come from."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

import numpy as np
import torch
import torchvision

from shared.config import Model
from shared.errors import ConfigError
from trainer.models.choose import DEFAULT_BACKBONE, DEFAULT_SIZE, torchvision_space
from trainer.models.pixels import PIXEL_SIZE
from trainer.models.space import Floats, Pixels, Space, SpaceInfo
from trainer.models.weights import DownloadFailed
from trainer.service.refusals import BadCall, NoWeights

log = logging.getLogger(__name__)

SHORT_NAMES: Final = {"b0": "efficientnet_b0", "resnet50": "resnet50", "mobilenet": "mobilenet_v2"}
PIXELS: Final = "pixels"
ENDINGS: Final = (".safetensors", ".pth", ".pt")


def full_name(backbone: str) -> str:
    """torchvision's name of a backbone, or `pixels`. Raises BadCall for an unknown one."""
    name = SHORT_NAMES.get(backbone, backbone)
    known = torchvision.models.list_models(module=torchvision.models)
    if name != PIXELS and name not in known:
        raise BadCall(
            "unknown_backbone",
            "backbone",
            f"backbone is {backbone[:80]!r}; expected {', '.join(SHORT_NAMES)}, {PIXELS}, or one of torchvision's: "
            f"{', '.join(known)}",
        )
    return name


class Backbones:
    """Makes embedding spaces; the one used last is kept in memory.

    config: what the trainer itself uses. folder: data/weights, which may hold `<name>.safetensors`, `.pth` or `.pt`.
    """

    def __init__(self, config: Model, folder: Path, device: torch.device) -> None:
        self._config = config
        self._folder = folder
        self._device = device
        self._last: tuple[object, Space] | None = None

    def space(self, name: str) -> Space:
        """The space of `full_name`. Raises NoWeights where there are none that fit."""
        if name == PIXELS:
            return RawPixels()
        weights = self._weights_of(name)
        key = (name, weights, weights.stat().st_mtime_ns if weights else 0)
        if self._last is None or self._last[0] != key:
            self._last = (key, self._load(name, weights))
        return self._last[1]

    def _load(self, name: str, weights: Path | None) -> Space:
        try:
            return torchvision_space(name, weights, self._size_of(name), self._device)
        except DownloadFailed as error:
            raise NoWeights(
                f"no pretrained weights for {name}: the download failed ({error}); put a file with its state dict at "
                f"{self._folder / name}.safetensors (or .pth), or use the backbone `{PIXELS}`",
                "backbone",
            ) from error
        except ConfigError as error:
            raise NoWeights(f"the weights for {name} cannot be used: {error}", "backbone") from error

    def _weights_of(self, name: str) -> Path | None:
        """The file of the weights; None where torchvision's own have to be downloaded."""
        for ending in ENDINGS:
            file = self._folder / f"{name}{ending}"
            if file.is_file():
                return file
        own = Path(self._config.weights)
        return own if self._is_own(name) and own.is_file() else None

    def _is_own(self, name: str) -> bool:
        return self._config.factory is None and name == (self._config.backbone or DEFAULT_BACKBONE)

    def _size_of(self, name: str) -> int:
        return (self._config.image_size if self._is_own(name) else None) or DEFAULT_SIZE


class RawPixels:
    """Downsized pixels as they are, 0..255; what they are reduced to depends on the images of a call."""

    id = f"raw-pixels-{PIXEL_SIZE}"
    info = SpaceInfo(kind="pixels", name=PIXELS, weights="none", image_size=PIXEL_SIZE, dim=3 * PIXEL_SIZE**2)

    def embed(self, images: Pixels) -> Floats:
        """The values in a row, (N, S, S, 3) → (N, 3·S·S)."""
        return images.reshape(len(images), -1).astype(np.float32)

    def state(self) -> dict[str, torch.Tensor]:
        """Nothing."""
        return {}
