"""Pretrained weights: from a file, or torchvision's own by download."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import requests
import torch
import torchvision
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from shared.errors import ConfigError, LabelstreamError
from trainer.models.backbone import IMAGENET_MEAN, IMAGENET_STD, classifier_of

DOWNLOAD_TIMEOUT_S: Final = (4.0, 8.0)  # to connect; between two pieces
State = Mapping[str, torch.Tensor]
Channels = tuple[float, float, float]


class DownloadFailed(LabelstreamError):
    """torchvision's weights could not be had."""

    code = "download_failed"


def read_weights(path: Path) -> State:
    """A state dict from `.safetensors`, `.pth` or `.pt`; nothing in the file is executed. Raises ConfigError."""
    if not path.is_file():
        raise ConfigError(f"model.weights is {str(path)!r}; expected `default`, `none` or a file that exists")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise ConfigError(
            f"{path} cannot be read as weights: {str(error).partition(chr(10))[0] or 'it is empty'}; expected a state "
            "dict, saved by safetensors or by torch.save(model.state_dict())"
        ) from error
    if isinstance(loaded, dict) and isinstance(loaded.get("state_dict"), dict):
        loaded = loaded["state_dict"]
    if not isinstance(loaded, dict) or not all(isinstance(value, torch.Tensor) for value in loaded.values()):
        raise ConfigError(f"{path} does not hold a state dict (names and tensors); save model.state_dict()")
    return loaded


def load_into(network: nn.Module, state: State, source: str, optional: tuple[str, ...] = ()) -> None:
    """Load `state`; keys that begin with one of `optional` may be missing or of another shape. Raises ConfigError."""
    own = network.state_dict()
    kept = {
        key: value
        for key, value in state.items()
        if not (key.startswith(optional) and (key not in own or own[key].shape != value.shape))
    }
    missing = [k for k in own if k not in kept and not k.startswith(optional) and not k.endswith("num_batches_tracked")]
    unexpected = [k for k in kept if k not in own]
    misshapen = [k for k in kept if k in own and own[k].shape != kept[k].shape]
    if missing or unexpected or misshapen:
        raise ConfigError(
            f"{source} does not fit {type(network).__name__}: {_some('missing', missing)}; "
            f"{_some('unexpected', unexpected)}; {_some('of another shape', misshapen)}. Is model.backbone right?"
        )
    network.load_state_dict(kept, strict=False)


def load_backbone_file(network: nn.Module, path: Path) -> None:
    """Load a file into a torchvision model; only its classifier may be missing."""
    load_into(network, read_weights(path), str(path), optional=(classifier_of(network) + ".", "aux", "AuxLogits"))


def download_default(name: str, network: nn.Module) -> tuple[Channels, Channels]:
    """Load torchvision's default weights of backbone `name`. Returns their mean and std. Raises DownloadFailed."""
    weights = torchvision.models.get_model_weights(name).DEFAULT
    file = Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rsplit("/", 1)[-1]
    if not file.exists():
        _download(weights.url, file)
    load_into(network, read_weights(file), str(file), optional=("aux", "AuxLogits"))
    transforms: Any = weights.transforms()
    mean, std = getattr(transforms, "mean", IMAGENET_MEAN), getattr(transforms, "std", IMAGENET_STD)
    return _channels(mean), _channels(std)


def _channels(values: Any) -> Channels:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _download(url: str, target: Path) -> None:
    """Fetch `url`, check it against the digest in its name, put it in place whole."""
    draft = target.with_name(f"{target.name}.{os.getpid()}.part")
    digest = hashlib.sha256()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with requests.get(url, stream=True, timeout=DOWNLOAD_TIMEOUT_S) as answer, draft.open("wb") as file:
            answer.raise_for_status()
            for piece in answer.iter_content(1 << 20):
                digest.update(piece)
                file.write(piece)
        expected = target.stem.rsplit("-", 1)[-1]
        if not digest.hexdigest().startswith(expected):
            raise DownloadFailed(f"{url}: the file's SHA-256 does not begin with {expected}")
        draft.replace(target)
    except (requests.RequestException, OSError) as error:
        reason = "no connection" if isinstance(error, requests.ConnectionError) else str(error)
        raise DownloadFailed(f"{url}: {reason}") from error
    finally:
        draft.unlink(missing_ok=True)


def _some(what: str, keys: list[str], limit: int = 5) -> str:
    named = ", ".join(keys[:limit]) + (" …" if len(keys) > limit else "")
    return f"{len(keys)} {what}" + (f" ({named})" if keys else "")
