"""Embedding spaces from networks: any torchvision classification model, or one's own by a factory."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch
import torchvision
from torch import nn
from torch.fx.experimental.optimization import fuse

from shared.errors import ConfigError
from trainer.models.space import Floats, Pixels, SpaceInfo, unit_rows

log = logging.getLogger(__name__)

IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_STD: Final = (0.229, 0.224, 0.225)


class NetworkSpace:
    """The features of a network in evaluation mode, normalised to unit length.

    network: maps (N, 3, S, S) float32, standardised by info.mean and info.std, to (N, dim).
    """

    def __init__(self, network: nn.Module, info: SpaceInfo, device: torch.device) -> None:
        self._info = info
        self._device = device
        self._network: nn.Module = network.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._forward = fused(self._network, info.image_size) if device.type == "cpu" else self._network
        self._id = f"{info.name.replace(':', '.')}-{info.image_size}-{_digest(network)}"
        self._mean = torch.tensor(info.mean, device=device).view(1, 3, 1, 1) * 255
        self._std = torch.tensor(info.std, device=device).view(1, 3, 1, 1) * 255

    @property
    def id(self) -> str:
        """Names the network, the image size and a hash of the weights."""
        return self._id

    @property
    def info(self) -> SpaceInfo:
        """What the space is."""
        return self._info

    @property
    def network(self) -> nn.Module:
        """The network itself, in evaluation mode."""
        return self._network

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._device

    def embed(self, images: Pixels) -> Floats:
        """Unit vectors, (N, S, S, 3) → (N, dim)."""
        pixels = torch.from_numpy(images)
        if self._device.type == "cuda":
            pixels = pixels.pin_memory()
        half = self._device.type == "cuda"
        with torch.inference_mode(), torch.autocast(self._device.type, torch.bfloat16, enabled=half):
            x = pixels.to(self._device, non_blocking=True).permute(0, 3, 1, 2).float()  # keeps channels last
            features = self._forward((x - self._mean) / self._std)
        return unit_rows(features.float().cpu().numpy())

    def state(self) -> dict[str, torch.Tensor]:
        """The network's weights."""
        return {name: tensor.cpu() for name, tensor in self._network.state_dict().items()}


def fused(network: nn.Module, image_size: int) -> nn.Module:
    """A copy with every batch normalisation folded into its convolution; the network itself where that fails.

    The features are the same up to rounding, which is checked on an image of noise. On a CPU, where memory is the
    limit, MobileNetV2 is 1.6 times as fast.
    """
    noise = torch.randn(1, 3, image_size, image_size, generator=torch.Generator().manual_seed(0))
    try:
        copy = fuse(network).to(memory_format=torch.channels_last)
        with torch.inference_mode():
            same = torch.allclose(copy(noise), network(noise), rtol=1e-3, atol=1e-4)
    except Exception as error:  # tracing runs the network's own code, which may refuse in any way
        log.debug("batch normalisation stays as it is: %s", error)
        return network
    return copy if same else network


def torchvision_network(name: str) -> nn.Module:
    """A torchvision classification model with random weights, whole. Raises ConfigError for an unknown name."""
    known = torchvision.models.list_models(module=torchvision.models)
    if name not in known:
        raise ConfigError(f"model.backbone is {name!r}; expected one of torchvision's: {', '.join(known)}")
    options: dict[str, Any] = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    return torchvision.models.get_model(name, weights=None, **options)  # type: ignore[no-any-return]


CLASSIFIERS: Final = ("fc", "classifier", "heads", "head")


def classifier_of(network: nn.Module) -> str:
    """The name of the attribute that holds a torchvision model's classifier. Raises ConfigError."""
    for name in CLASSIFIERS:
        if isinstance(getattr(network, name, None), nn.Module):
            return name
    raise ConfigError(f"{type(network).__name__} has none of {', '.join(CLASSIFIERS)}; use model.factory for it")


def cut_classifier(network: nn.Module) -> nn.Module:
    """Let the network end with its pooled features: its classifier keeps only what does not classify."""
    name = classifier_of(network)
    setattr(network, name, _without_classifying(getattr(network, name)))
    if hasattr(network, "aux_logits"):
        network.aux_logits = False  # type: ignore[assignment]
    return network


def _without_classifying(classifier: nn.Module) -> nn.Module:
    """The layers before the last linear one; for a convolutional classifier, pooling alone."""
    if not isinstance(classifier, nn.Sequential):
        return nn.Identity()
    if any(isinstance(layer, nn.Conv2d) for layer in classifier):
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    layers = list(classifier)
    last = max(i for i, layer in enumerate(layers) if isinstance(layer, nn.Linear))
    return nn.Sequential(*layers[:last])


def factory_network(factory: Callable[[], object], name: str) -> nn.Module:
    """One's own network: `() -> torch.nn.Module`, which maps (N, 3, S, S) to (N, D). Raises ConfigError."""
    try:
        network = factory()
    except TypeError as error:
        raise ConfigError(
            f"model.factory {name!r} cannot be called without arguments: {error}; expected `() -> torch.nn.Module`"
        ) from error
    if not isinstance(network, nn.Module):
        raise ConfigError(
            f"model.factory {name!r} returned {type(network).__name__}; expected a torch.nn.Module that maps "
            "(N, 3, S, S) standardised pixels to (N, D) features"
        )
    return network


def feature_dim(network: nn.Module, image_size: int, name: str) -> int:
    """D, from a dry run on two blank images. Raises ConfigError where the network does not give (N, D)."""
    try:
        with torch.inference_mode():
            features = network.eval()(torch.zeros(2, 3, image_size, image_size))
    except Exception as error:
        raise ConfigError(
            f"{name} does not take images of {image_size} × {image_size} pixels: {error}; set model.image_size"
        ) from error
    if not isinstance(features, torch.Tensor) or features.ndim != 2 or len(features) != 2:
        found = tuple(features.shape) if isinstance(features, torch.Tensor) else type(features).__name__
        raise ConfigError(f"{name} maps (2, 3, S, S) to {found}; expected (2, D)")
    return int(features.shape[1])


def _digest(network: nn.Module) -> str:
    digest = hashlib.blake2b(digest_size=6)
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(tensor.detach().cpu().numpy()).tobytes())
    return digest.hexdigest()
