"""Does a map depend on what the model has learnt? Layers get random weights, from the head on down [Adebayo 2018].

A method whose map stays as it was, although nothing learnt is left, shows the image and not the model.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import spearmanr
from torch import nn

from trainer.explanation import Explained

Floats = npt.NDArray[np.float32]

STAGES: Final = {"head": 0.0, "top quarter": 0.25, "top half": 0.5, "everything": 1.0}  # of the layers with weights
COARSE: Final = 8  # pixels a side are averaged before maps are compared


def randomised(explained: Explained, share: float, seed: int) -> Explained:
    """A copy whose head and the last `share` of the network's layers with weights are drawn anew."""
    made = explained.copied()
    layers = [layer for layer in made.network.modules() if list(layer.parameters(recurse=False))]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        nn.init.normal_(made.head.weight, std=float(explained.head.weight.std()))
        for layer in layers[len(layers) - round(share * len(layers)) :]:
            _draw(layer)
    return made.requires_grad_(False)


def _draw(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    elif callable(reset := getattr(layer, "reset_parameters", None)):
        reset()


def similarity(first: Floats, second: Floats) -> float:
    """Rank correlation of two maps, (S, S), averaged over COARSE × COARSE pixels; 0 where one of them is even."""
    coarse = [_averaged(values).ravel() for values in (first, second)]
    if any(np.ptp(values) == 0 for values in coarse):
        return 0.0
    return float(spearmanr(*coarse).statistic)


def _averaged(values: Floats) -> Floats:
    side = len(values) // COARSE
    cut = values[: side * COARSE, : side * COARSE]
    return np.asarray(cut.reshape(side, COARSE, side, COARSE).mean((1, 3)), np.float32)
