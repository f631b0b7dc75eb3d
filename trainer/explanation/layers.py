"""Which layers of a network keep the image's plane, and which of them suits class activation maps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import torch
from torch import nn

SMALLEST: Final = 7  # cells a side: below that a map says little about where


@dataclass(frozen=True, slots=True)
class Layers:
    """sides: for each layer whose output is a square map, its side in cells, in the order they are computed.

    target: the last one with a map of at least SMALLEST cells a side, or the largest there is; None without any.
    pooled: the layer whose plain average over the plane is the network's output; None where there is none.
    """

    sides: dict[str, int] = field(default_factory=dict)
    target: str | None = None
    pooled: str | None = None


def find_layers(network: nn.Module, size: int) -> Layers:
    """What `network`, in evaluation mode, offers for images of size × size: from one pass over an image of noise.

    Where attention mixes the places of an image, no layer is chosen; one can still be named.
    """
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    noise = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0)).to(device)
    outputs: dict[str, torch.Tensor] = {}
    with torch.no_grad(), _recorded(network, outputs):
        features = network(noise)
    maps = {name: output for name, output in outputs.items() if _is_map(output)}
    sides = {name: output.shape[2] for name, output in maps.items()}
    mixed = any(isinstance(module, nn.MultiheadAttention) for module in network.modules())
    return Layers(sides, None if mixed else _target(sides), _pooled(maps, features))


@contextmanager
def _recorded(network: nn.Module, outputs: dict[str, torch.Tensor]) -> Iterator[None]:
    """Within, the tensors that named layers give are put into `outputs`, in the order they are done."""

    def keep(name: str, _module: nn.Module, _inputs: Any, output: object) -> None:
        if isinstance(output, torch.Tensor):
            outputs.pop(name, None)
            outputs[name] = output

    handles = [m.register_forward_hook(partial(keep, name)) for name, m in network.named_modules() if name]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _is_map(output: torch.Tensor) -> bool:
    return output.ndim == 4 and output.shape[2] == output.shape[3] > 1


def _target(sides: dict[str, int]) -> str | None:
    enough = min(SMALLEST, max(sides.values(), default=0))
    return next((name for name in reversed(sides) if sides[name] >= enough), None)


def _pooled(maps: dict[str, torch.Tensor], features: torch.Tensor) -> str | None:
    for name, output in reversed(maps.items()):
        means = output.mean((2, 3))
        if means.shape == features.shape and torch.allclose(means, features, rtol=1e-3, atol=1e-5):
            return name
    return None
