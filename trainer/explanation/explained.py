"""What is explained: a whole model as one function, from standardised pixels to the logits of its classes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from trainer.explanation.alignment import offset
from trainer.explanation.layers import Layers, find_layers
from trainer.models.backbone import NetworkSpace, fused
from trainer.models.head import Head
from trainer.models.pixels import PixelSpace
from trainer.models.space import Pixels, Space, SpaceInfo

Report = Callable[[float], None]


@dataclass(slots=True)
class Watch:
    """Who is told of progress, and how many of about `passes` images have gone through the network."""

    report: Report | None = None
    passes: int = 1
    done: int = 0


@dataclass(slots=True)
class Found:
    """What is found out once for a network: how far the maps of its layers lie beside the image; a faster copy."""

    offsets: dict[str, float] = field(default_factory=dict)
    fused: nn.Module | None = None


class Explained(nn.Module):
    """Network, unit length and head: (N, 3, S, S) standardised → (N, K) logits, before the temperature.

    It never trains, and none of its weights asks for a gradient. Make it with `of`, which copies the network: hooks
    and gradients then touch nothing that anybody else uses.
    classes: the class numbers of the K columns. layers: what the network offers to methods that need a layer. shift: a
    constant that the network expects to be added to every standardised value.
    """

    def __init__(
        self, network: nn.Module, info: SpaceInfo, layers: Layers, head: Head, found: Found | None = None
    ) -> None:
        super().__init__()
        self.network = network
        self.info = info
        self.layers = layers
        self.classes = [int(number) for number in head.classes]
        self.shift = 0.0
        self._given = head
        self._found = found or Found()
        self._watch = Watch()
        device = next((p.device for p in (*network.parameters(), *network.buffers())), torch.device("cpu"))
        self.head = nn.Linear(head.weight.shape[1], len(self.classes), device=device)
        self.head.weight.data = torch.from_numpy(head.weight.copy()).to(device)
        self.head.bias.data = torch.from_numpy(head.bias.copy()).to(device)
        self.register_buffer("mean", torch.tensor(info.mean, device=device).view(1, 3, 1, 1) * 255)
        self.register_buffer("std", torch.tensor(info.std, device=device).view(1, 3, 1, 1) * 255)
        self.mean: torch.Tensor
        self.std: torch.Tensor
        self.eval().requires_grad_(False)

    @classmethod
    def of(cls, space: Space, head: Head) -> Self:
        """The model of an embedding space and a head fitted in it; the network is copied. Raises ValueError."""
        if isinstance(space, NetworkSpace):
            network = _frozen_copy(space.network)
        elif isinstance(space, PixelSpace):
            network = PixelFeatures(space)
        else:
            raise ValueError(f"space {space.id} is neither a network nor pixels; neither can be differentiated")
        return cls(network, space.info, find_layers(network, space.info.image_size), head)

    def with_head(self, head: Head) -> Explained:
        """The same network, not copied again, with another head."""
        return self._like(Explained(self.network, self.info, self.layers, head, self._found))

    def copied(self) -> Explained:
        """Another one with a network of its own, to be changed."""
        found = Found(dict(self._found.offsets))
        made = Explained(copy.deepcopy(self.network), self.info, self.layers, self._given, found)
        made.head = copy.deepcopy(self.head)
        return self._like(made)

    def quick(self) -> Explained:
        """The same function, up to rounding, faster on a CPU, but without the layers that methods look at."""
        if self._found.fused is None:
            self._found.fused = fused(self.network, self.info.image_size)
        made = self._like(Explained(self._found.fused, self.info, Layers(), self._given))
        made.head, made._watch = self.head, self._watch
        return made

    def _like(self, made: Explained) -> Explained:
        made.shift = self.shift
        return made.to(self.mean.dtype)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits."""
        watch = self._watch
        if watch.report is not None:
            watch.report(min(1.0, watch.done / watch.passes))
            watch.done += len(x)
        features = functional.normalize(self.network(x), eps=1e-12)
        logits: torch.Tensor = self.head(features)
        return logits

    def standardised(self, pixels: Pixels) -> torch.Tensor:
        """A prepared image, (S, S, 3), as the network takes it: (1, 3, S, S)."""
        x = torch.from_numpy(np.array(pixels)).to(self.mean.device).permute(2, 0, 1)[None].float()
        return (x - self.mean) / self.std + self.shift

    def offset(self, layer: str) -> float:
        """How far the map of `layer` lies beside the image, as alignment.offset says; found once for each layer."""
        offsets = self._found.offsets
        if layer not in offsets:
            offsets[layer] = offset(self.network, layer, self.info.image_size, self.shift)
        return offsets[layer]

    @contextmanager
    def watched(self, report: Report, passes: int) -> Iterator[None]:
        """Within, `report` is called before each forward pass with the share done, of about `passes` images."""
        self._watch.report, self._watch.passes, self._watch.done = report, passes, 0
        try:
            yield
        finally:
            self._watch.report = None


class PixelFeatures(nn.Module):
    """What PixelSpace.embed does before it normalises, as a layer: (N, 3, S, S) in 0..1 → (N, dim)."""

    def __init__(self, space: PixelSpace) -> None:
        super().__init__()
        for name in ("mean", "scale", "components"):
            self.register_buffer(name, torch.from_numpy(getattr(space, name).copy()))
        self.mean: torch.Tensor
        self.scale: torch.Tensor
        self.components: torch.Tensor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The principal components' values."""
        rows = x.permute(0, 2, 3, 1).flatten(1)
        return ((rows - self.mean) / self.scale) @ self.components.T


def _frozen_copy(network: nn.Module) -> nn.Module:
    """A copy in evaluation mode without gradients; no layer overwrites its input, which methods look at."""
    frozen = copy.deepcopy(network).eval().requires_grad_(False)
    for module in frozen.modules():
        if hasattr(module, "inplace"):
            module.inplace = False  # type: ignore[assignment]
    return frozen
