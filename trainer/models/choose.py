"""Chooses the embedding space by configuration and by what is available, and says so."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

import torch
from torch import nn

from shared.config import Model
from shared.errors import ConfigError
from trainer.models.backbone import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    NetworkSpace,
    cut_classifier,
    factory_network,
    feature_dim,
    torchvision_network,
)
from trainer.models.pixels import PixelSpace
from trainer.models.small_cnn import KIND, SmallCNN
from trainer.models.space import Space, SpaceInfo
from trainer.models.weights import DownloadFailed, State, download_default, load_backbone_file, load_into
from trainer.plugins import load_function

log = logging.getLogger(__name__)

DEFAULT_BACKBONE: Final = "mobilenet_v2"
DEFAULT_SIZE: Final = 224

BATCH_SIZES: Final = {"cpu": 8, "cuda": 128}  # images per forward pass; on a CPU what its cache holds


def choose_space(config: Model, device: torch.device) -> NetworkSpace | None:
    """The space of the configured network; None where there are no pretrained weights and pixels serve instead.

    Raises ConfigError where what is configured cannot be used.
    """
    if config.factory:
        return _own(config, config.factory, device)
    name = config.backbone or DEFAULT_BACKBONE
    if config.weights == "none":
        log.info("features: downsized pixels, because model.weights is `none`")
        return None
    weights = None if config.weights == "default" else Path(config.weights)
    try:
        return _announce(torchvision_space(name, weights, config.image_size or DEFAULT_SIZE, device))
    except DownloadFailed as error:
        log.warning("no pretrained weights for %s (%s)", name, error)
        log.warning("features: downsized pixels; set model.weights to a file for better ones")
        return None


def torchvision_space(name: str, weights: Path | None, size: int, device: torch.device) -> NetworkSpace:
    """The space of a torchvision model for images of size × size pixels.

    weights: a file; None downloads torchvision's own. Raises DownloadFailed, and ConfigError where they do not fit.
    """
    network = torchvision_network(name)
    mean, std = IMAGENET_MEAN, IMAGENET_STD
    if weights is None:
        mean, std = download_default(name, network)
    else:
        load_backbone_file(network, weights)
    cut_classifier(network)
    info = SpaceInfo(
        kind="torchvision",
        name=name,
        weights="default" if weights is None else str(weights),
        image_size=size,
        dim=feature_dim(network, size, name),
        mean=mean,
        std=std,
    )
    return NetworkSpace(network, info, device)


def _own(config: Model, factory: str, device: torch.device) -> NetworkSpace:
    network = factory_network(load_function(factory, "model.factory"), factory)
    size = config.image_size or DEFAULT_SIZE
    info = SpaceInfo(
        kind="factory",
        name=factory,
        weights="own",
        image_size=size,
        dim=feature_dim(network, size, factory),
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
    )
    return _announce(NetworkSpace(network, info, device))


def rebuild_space(info: SpaceInfo, weights: State, device: torch.device) -> Space:
    """The space of an exported model. Raises ConfigError where the weights do not fit."""
    if info.kind == "pixels":
        return PixelSpace.from_state(dict(weights), info.image_size)
    if info.kind == KIND:
        network: nn.Module = SmallCNN(info.image_size)
    elif info.kind == "factory":
        network = factory_network(load_function(info.name, "model.factory"), info.name)
    else:
        network = cut_classifier(torchvision_network(info.name))
    load_into(network, weights, "model.safetensors")
    return NetworkSpace(network, info, device)


def _announce(space: NetworkSpace) -> NetworkSpace:
    info = space.info
    log.info("features: %s at %d px, weights %s, %d values", info.name, info.image_size, info.weights, info.dim)
    return space


def choose_device(name: str) -> torch.device:
    """`auto` is a CUDA device where there is one, else the CPU. Raises ConfigError."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(
            f"train.device is {name!r}: {str(error).partition(chr(10))[0]}; use `auto` or `cpu`"
        ) from error
    return device
