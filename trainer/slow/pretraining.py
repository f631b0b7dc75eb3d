"""Pretraining without labels: views of one image shall resemble each other more than views of other images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from trainer.models.backbone import NetworkSpace
from trainer.models.small_cnn import BLOCKS, small_cnn
from trainer.models.space import Pixels
from trainer.slow.augment import Standardise, Views, half_precision, to_floats

BATCH: Final = 256
TEMPERATURE: Final = 0.2
LEARNING_RATE: Final = 2e-3
WARM_UP: Final = 0.1  # of the steps
PROJECTION: Final = 128
VIEW: Final = 0.75  # of the image's side; a smaller view costs less, and shows things as large as the image does

Report = Callable[[float], None]
Integers = np.ndarray[tuple[int], np.dtype[np.int64]]


def contrastive_loss(one: torch.Tensor, other: torch.Tensor, temperature: float = TEMPERATURE) -> torch.Tensor:
    """Mean cross-entropy, in nats, of finding each view's partner among all other views [SimCLR, Chen 2020].

    one, other: (n, D), row i of both shows image i. Similarity is the cosine divided by `temperature`.
    """
    n = len(one)
    views = functional.normalize(torch.cat([one, other]), dim=1)
    similar = views @ views.T / temperature
    own = torch.eye(2 * n, dtype=torch.bool)
    partner = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
    return functional.cross_entropy(similar.masked_fill(own, float("-inf")), partner)


def pretrain(images: Pixels, steps: int, flips: bool, seed: int, report: Report) -> NetworkSpace:
    """The space of a small CNN that was trained on images without labels, on the CPU.

    images: (N, S, S, 3), N ≥ 2, in a random order. steps: batches of BATCH images. report: told the share done, 0..1.
    """
    torch.manual_seed(seed)
    network, info = small_cnn(images)
    projection = _projection(BLOCKS[-1][0])
    weights = [*network.trunk.parameters(), *projection.parameters()]
    generator = torch.Generator().manual_seed(seed)
    standardise, views = Standardise(info), Views(flips=flips, size=max(16, int(VIEW * info.image_size)))
    batches = _batches(len(images), np.random.default_rng(seed))
    optimiser = torch.optim.AdamW(weights, LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps + 1, pct_start=WARM_UP)
    network.train()
    for i, rows in enumerate(islice(batches, steps)):
        x = to_floats(images[rows])
        both = torch.cat([views(x, generator), views(x, generator)])
        with half_precision():
            features = network.trunk(standardise(both))
        loss = contrastive_loss(*projection(features.float()).chunk(2))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        report((i + 1) / steps)
    return NetworkSpace(network, info, torch.device("cpu"))


def _projection(dim: int) -> nn.Sequential:
    """The map to where views are compared; it is thrown away, for what lies before it serves better [Chen 2020]."""
    return nn.Sequential(nn.Linear(dim, dim, bias=False), nn.BatchNorm1d(dim), nn.ReLU(), nn.Linear(dim, PROJECTION))


def _batches(count: int, rng: np.random.Generator) -> Iterator[Integers]:
    """Rows of one batch after the other, without end; what does not fill a batch is left to the next order."""
    size = min(BATCH, count)
    while True:
        order = rng.permutation(count)
        for start in range(0, count - size + 1, size):
            yield order[start : start + size]
