"""Monte-Carlo dropout [Gal & Ghahramani 2016]: on the embedding before the head, or in a network that has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import numpy as np
import torch

from trainer.models.head import Head
from trainer.uncertainty.base import Learnt

DROPOUTS: Final = (torch.nn.modules.dropout._DropoutNd,)


def mc_dropout(learnt: Learnt, passes: int, rng: np.random.Generator) -> list[Head]:
    """The head with features left out at random, those that stay divided by 1 − p.

    One mask for all images of a pass, so that the passes are functions of an image [Kirsch et al. 2019].
    """
    keep = 1 - learnt.dropout
    masks = (rng.random((passes, learnt.x.shape[1])) < keep).astype(np.float32) / np.float32(keep)
    return [replace(learnt.head, weight=learnt.head.weight * mask) for mask in masks]


@contextmanager
def only_dropout_in_training(network: torch.nn.Module) -> Iterator[None]:
    """Dropout layers draw, all else is as in evaluation, batch-norm above all; afterwards every layer is as before."""
    before = [(module, module.training) for module in network.modules()]
    try:
        for module, _ in before:
            module.training = isinstance(module, DROPOUTS)
        yield
    finally:
        for module, training in before:
            module.training = training
