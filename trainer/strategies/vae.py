"""VAE: images that an autoencoder of the labelled ones cannot reconstruct [Kingma & Welling 2014]."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
import torch
from torch import Tensor

from trainer.strategies.base import Floats, Query, Selection, Strategy
from trainer.strategies.herding import herding
from trainer.strategies.scored import by_score

EPOCHS: Final = 100
HIDDEN: Final = 128
LATENT: Final = 16
FITTED_ON: Final = 1_000  # labelled images; of more a random part
BATCH: Final = 64
STEP: Final = 1e-3
BLOCK: Final = 4_096  # images of the pool


def vae(query: Query, epochs: int = EPOCHS) -> Selection:
    """The images first whose embedding a variational autoencoder of the labelled and asked ones reconstructs worst.

    The score is the mean squared error of decoding the mean: no random draw is part of it. Without any label or asked
    image there is nothing to learn from, and the order is that of `herding`.
    """
    selected = query.selected()
    if not len(selected):
        return herding(query)
    rng = query.rng
    pool = query.embeddings[np.sort(rng.permutation(len(query))[: query.landmarks])]
    centre, scale = pool.mean(axis=0), max(float(pool.std(axis=0).mean()), 1e-3)
    known = (selected[rng.permutation(len(selected))[:FITTED_ON]] - centre) / scale
    network = Autoencoder(known.shape[1], torch.Generator().manual_seed(int(rng.integers(2**62))))
    network.fit(torch.from_numpy(known), epochs)
    scores = np.empty(len(query), np.float32)
    for start in range(0, len(query), BLOCK):
        block = np.arange(start, min(start + BLOCK, len(query)))
        scores[block] = network.errors(torch.from_numpy((query.embeddings[block] - centre) / scale))
    return by_score(query, scores)


def vae_of(epochs: int) -> Strategy:
    """The strategy `vae` with so many epochs of training."""
    return partial(vae, epochs=epochs)


class Autoencoder:
    """D → HIDDEN → LATENT (mean and log variance) → HIDDEN → D, with rectifiers and unit noise in the output."""

    def __init__(self, dim: int, generator: torch.Generator) -> None:
        self._generator = generator
        self._encode = self._layer(dim, HIDDEN)
        self._latent = self._layer(HIDDEN, 2 * LATENT)
        self._decode = self._layer(LATENT, HIDDEN)
        self._output = self._layer(HIDDEN, dim)

    def fit(self, x: Tensor, epochs: int) -> None:
        """Minimise squared error / 2 + KL(q(z|x) ‖ N(0, I)) by Adam. x: (n, D), n ≥ 1."""
        parameters = [*self._encode, *self._latent, *self._decode, *self._output]
        optimiser = torch.optim.Adam(parameters, STEP)
        for _ in range(epochs):
            for rows in torch.split(torch.randperm(len(x), generator=self._generator), BATCH):
                optimiser.zero_grad()
                self._loss(x[rows]).backward()  # type: ignore[no-untyped-call]
                optimiser.step()

    @torch.no_grad()
    def errors(self, x: Tensor) -> Floats:
        """Mean squared error of decoding the mean, (n, D) → (n,)."""
        mean, _ = self._encoded(x)
        found: Floats = (self._decoded(mean) - x).square().mean(dim=1).numpy()
        return found

    def _loss(self, x: Tensor) -> Tensor:
        mean, log_variance = self._encoded(x)
        noise = torch.randn(mean.shape, generator=self._generator)
        error = (self._decoded(mean + noise * (log_variance / 2).exp()) - x).square().sum(dim=1) / 2
        divergence = (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1) / 2
        return (error + divergence).mean()

    def _encoded(self, x: Tensor) -> tuple[Tensor, Tensor]:
        hidden = _linear(x, self._encode).relu()
        mean, log_variance = _linear(hidden, self._latent).chunk(2, dim=1)
        return mean, log_variance.clamp(-10, 10)

    def _decoded(self, z: Tensor) -> Tensor:
        return _linear(_linear(z, self._decode).relu(), self._output)

    def _layer(self, inputs: int, outputs: int) -> tuple[Tensor, Tensor]:
        weight = torch.randn(outputs, inputs, generator=self._generator) / inputs**0.5
        return weight.requires_grad_(), torch.zeros(outputs, requires_grad=True)


def _linear(x: Tensor, layer: tuple[Tensor, Tensor]) -> Tensor:
    return torch.nn.functional.linear(x, *layer)
