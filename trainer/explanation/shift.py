"""The same function of a shifted input: what a map changes by then is the method's doing [Kindermans 2019].

A constant is added to every value of the standardised image, and each layer that reads the image gets a bias that takes
it away again. Zero padding would no longer be the same padding, so the border is padded with the constant instead. The
logits are then those of the image as it was, and with them all that the model does.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import torch
from torch import nn
from torch.nn import functional

from shared.errors import InvalidInput
from trainer.explanation.explained import Explained, PixelFeatures

TOLERANCE: Final = 1e-3  # between logits, in single precision


def shifted(explained: Explained, amount: float) -> Explained:
    """The model for images whose standardised values are all larger by `amount`; it prepares them so itself.

    The model given is not changed. Raises InvalidInput where something else than a convolution, a linear layer or the
    pixels' own space reads the image, so that the shift cannot be compensated.
    """
    moved = explained.copied()
    size, mean = explained.info.image_size, explained.mean
    noise = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    x = noise.to(mean.device, mean.dtype)
    for name in _readers(moved.network, x):
        module = moved.network.get_submodule(name)
        compensated = _compensated(module, amount)
        parent, _, child = f"network.{name}".rstrip(".").rpartition(".")
        setattr(moved.get_submodule(parent), child, compensated)
    moved.shift = explained.shift + amount
    with torch.no_grad():
        difference = float((moved(x + amount) - explained(x)).abs().max())
    if not difference < TOLERANCE:
        raise InvalidInput(
            f"the first layers of {explained.info.name} read the image in a way that a bias cannot compensate (logits "
            f"differ by {difference:.2g}); the demonstration needs a convolution or a linear layer there",
            "model",
        )
    return moved


class ConstantPadding(nn.Module):
    """A convolution that pads with `value` instead of 0."""

    def __init__(self, convolution: nn.Conv2d, value: float) -> None:
        super().__init__()
        self.convolution = convolution
        self.value = value
        down, across = (int(side) for side in convolution.padding)
        self.border = (across, across, down, down)
        convolution.padding = (0, 0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The convolution of the padded image."""
        output: torch.Tensor = self.convolution(functional.pad(x, self.border, value=self.value))
        return output


def _readers(network: nn.Module, x: torch.Tensor) -> list[str]:
    """Names of the layers that are given the image itself, and know what to do with it."""
    found = []

    def note(name: str, _module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if inputs and isinstance(inputs[0], torch.Tensor) and inputs[0].data_ptr() == x.data_ptr():
            found.append(name)

    handles = [
        module.register_forward_pre_hook(partial(note, name))
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear | PixelFeatures)
    ]
    try:
        with torch.no_grad():
            network(x)
    finally:
        for handle in handles:
            handle.remove()
    return found


def _compensated(module: nn.Module, amount: float) -> nn.Module:
    """A layer that does to x + amount what `module`, which may be used up, does to x."""
    if isinstance(module, PixelFeatures):
        module.mean += amount
        return module
    if not isinstance(module, nn.Conv2d | nn.Linear):
        raise TypeError(f"got {type(module).__name__}; expected a layer that _readers names")
    taken = module.weight.flatten(1).sum(1) * amount
    module.bias = nn.Parameter((0 if module.bias is None else module.bias) - taken, requires_grad=False)
    if isinstance(module, nn.Conv2d) and module.padding_mode == "zeros" and module.padding not in (0, (0, 0), "valid"):
        return ConstantPadding(module, amount)
    return module
