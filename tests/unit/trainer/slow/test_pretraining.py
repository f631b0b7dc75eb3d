"""Training without labels: the loss against its formula, and that it finds what tells images apart."""

from __future__ import annotations

import math

import numpy as np
import torch

from trainer.models.space import Pixels
from trainer.slow.pretraining import contrastive_loss, pretrain


def test_the_loss_is_its_formula() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, 5, 3))
    z = np.concatenate([one, other])
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    losses = []
    for i in range(10):
        partner = (i + 5) % 10
        others = sum(math.exp(z[i] @ z[k] / 0.5) for k in range(10) if k != i)
        losses.append(-math.log(math.exp(z[i] @ z[partner] / 0.5) / others))
    found = contrastive_loss(torch.from_numpy(one), torch.from_numpy(other), 0.5)
    assert abs(float(found) - sum(losses) / 10) < 1e-9


def stripes(count: int, size: int = 16) -> Pixels:
    """Stripes that run one way or the other, shifted at random: their pixels have nothing in common."""
    rng = np.random.default_rng(0)
    waves = 127 + 100 * np.sin(np.arange(size)[None, :] * 1.5 + rng.uniform(0, 6, (count, 1)))
    images = np.repeat(waves[:, None, :], size, axis=1)
    images[::2] = images[::2].transpose(0, 2, 1)
    return np.repeat(images[..., None], 3, axis=3).astype(np.uint8)


def test_a_few_steps_are_reported_repeatable_and_change_the_weights() -> None:
    images, told = stripes(40), []
    space = pretrain(images, 3, False, 1, told.append)
    assert told == [1 / 3, 2 / 3, 1.0]
    assert space.info.kind == "small_cnn"
    assert space.id == pretrain(images, 3, False, 1, told.append).id
    assert space.id != pretrain(images, 3, False, 2, told.append).id
    assert np.isfinite(space.embed(images)).all()
