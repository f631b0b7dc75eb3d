"""Where the cells of a layer's map lie on the image: found by looking, because nothing says it for every network.

Convolutions of odd size that halve the plane leave a cell half a stride to the left and above the middle of the pixels
it is usually drawn over: 15 of 224 pixels at the end of MobileNetV2. Convolutions of even size do not.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import nn
from torch.nn import functional

PATCHES: Final = 8
PATCH: Final = 8  # a patch's side is this part of the image's
BATCH: Final = 4  # images


def offset(network: nn.Module, layer: str, size: int, shift: float = 0.0) -> float:
    """How far, in pixels to the right and down, the map of `layer` answers beyond the place in the image it answers to.

    Patches of noise are set into the middle of images; the answer is how far from the middle, on average over both
    axes, the squared change of the layer's output lies. Deterministic. 0 is what a plain resize assumes.
    shift: what the network expects to be added to every value of an image.
    """
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    plain, patched = _pairs(size)
    with torch.no_grad():
        before, after = (
            torch.cat([_output(network, layer, part.to(device) + shift) for part in torch.split(images, BATCH)])
            for images in (plain, patched)
        )
    change = (after - before).abs().sum(1).cpu()
    change = (change - change.amin((1, 2), keepdim=True)) ** 2
    cells = change.shape[-1]
    places = torch.arange(cells) - (cells - 1) / 2
    total = change.sum((1, 2)).clamp_min(1e-30)
    centres = torch.stack([(change.sum(axis) * places).sum(-1) / total for axis in (1, 2)])
    return float(centres.mean()) * size / cells


def _pairs(size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Images, half of them flat and half of noise, and the same with a patch in the middle, (PATCHES, 3, S, S)."""
    generator = torch.Generator().manual_seed(0)
    side = max(1, size // PATCH)
    side += (size - side) % 2  # so that the middle is the middle
    start = (size - side) // 2
    plain = torch.randn(PATCHES, 3, size, size, generator=generator)
    plain[::2] = plain[::2, :, :1, :1] / 2
    patched = plain.clone()
    patch = torch.randn(PATCHES, 3, side, side, generator=generator)
    patched[:, :, start : start + side, start : start + side] = patch
    return plain, patched


def _output(network: nn.Module, layer: str, x: torch.Tensor) -> torch.Tensor:
    kept: list[torch.Tensor] = []
    handle = network.get_submodule(layer).register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    try:
        network(x)
    finally:
        handle.remove()
    return kept[-1]


def onto_image(found: torch.Tensor, size: int, shift: float) -> torch.Tensor:
    """A map of cells, (h, w), on the grid of the prepared image, (size, size), moved back by `shift` pixels.

    Cubic between the middles of cells; beyond the outermost ones their value.
    """
    steps = (2 * (torch.arange(size, device=found.device) + shift) + 1) / size - 1
    down, across = torch.meshgrid(steps, steps, indexing="ij")
    grid = torch.stack([across, down], dim=-1)[None].to(found.dtype)
    cells = found[None, None]
    return functional.grid_sample(cells, grid, mode="bicubic", padding_mode="border", align_corners=False)[0, 0]
