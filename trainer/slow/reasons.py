"""Right for the right reasons: a penalty on looking where people have painted that there is nothing to be learnt.

It is computed on painted training images, and others that get their painted parts, which come beside each batch, and
joins the loss. Two forms, in FORMS.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from shared.config import Slow
from trainer.counterfactuals import LARGE
from trainer.explanation.layers import find_layers
from trainer.models.head import Integers
from trainer.models.space import Pixels
from trainer.slow.augment import Augment, Standardise, to_floats

log = logging.getLogger(__name__)

Flags = npt.NDArray[np.bool_]

PAINTED: Final = 8  # images beside each batch, whatever its size; even
TOUCHED: Final = 0.01  # share of a pixel of a changed view from which on it counts as painted
NO_MAP: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Seen:
    """Painted images on their way through the network.

    x: (n, 3, S, S) standardised, with gradients. layer: (n, C, h, h), the maps of the layer that Grad-CAM looks at.
    features: (n, D), what the classifier sees. scores: (n,), its logits for the true classes. ignore: (n, 1, S, S), 1
    where the network shall not look, else 0.
    """

    x: torch.Tensor
    layer: torch.Tensor
    features: torch.Tensor
    scores: torch.Tensor
    ignore: torch.Tensor


def gradient_penalty(seen: Seen) -> torch.Tensor:
    """Mean over images and features of Σ over ignored pixels of (∂ feature / ∂ pixel)² [Ross et al. 2017].

    They take the log-probabilities of all classes; here the classifier is thrown away and another head is fitted to
    the features, so that these must not change. One random direction gives on average the squared norm of the
    features' Jacobian [Hutchinson 1990; Hoffman et al. 2019].
    """
    direction = torch.randn_like(seen.features) / seen.features.shape[1] ** 0.5
    (gradient,) = torch.autograd.grad((seen.features * direction).sum(), seen.x, create_graph=True)
    return (gradient * seen.ignore).square().sum((1, 2, 3)).mean()


def gradcam_penalty(seen: Seen) -> torch.Tensor:
    """Mean over images of the share of the Grad-CAM map for the true class that is ignored, 0..1 [Selvaraju 2017]."""
    (gradient,) = torch.autograd.grad(seen.scores.sum(), seen.layer, create_graph=True)
    maps = functional.relu((gradient.mean((2, 3), keepdim=True) * seen.layer).sum(1, keepdim=True))
    ignore = functional.adaptive_avg_pool2d(seen.ignore, (maps.shape[2], maps.shape[3]))
    return ((maps * ignore).sum((1, 2, 3)) / (maps.sum((1, 2, 3)) + NO_MAP)).mean()


def no_penalty(seen: Seen) -> torch.Tensor:
    """0: for a network that keeps no map. What its painted images say as examples counts all the same."""
    return seen.scores.new_zeros(())


FORMS: Final[dict[str, Callable[[Seen], torch.Tensor]]] = {"gradient": gradient_penalty, "gradcam": gradcam_penalty}


@dataclass(frozen=True, slots=True)
class Judged:
    """What painted images add to a step: logits, (n, K), and codes, (n,), as of any other images, and the penalty."""

    logits: torch.Tensor
    codes: torch.Tensor
    penalty: torch.Tensor


class Reasons:
    """Painted images of one round, and the penalty on them.

    network: in training. images: (n, S, S, 3), codes: (n,), of all training images. ignore: row → (S, S), of painted
    ones. augment: random changes that leave a fourth channel, the region, on its pixels.
    """

    def __init__(
        self,
        network: nn.Module,
        config: Slow,
        images: Pixels,
        codes: Integers,
        ignore: Mapping[int, Flags],
        augment: Augment,
    ) -> None:
        self._network = network
        self._images, self._codes, self._ignore = images, codes, ignore
        self._painted = np.array(sorted(ignore), np.int64)
        self._augment = augment
        self._layer = _layer_of(network, images.shape[1]) if config.reasons == "gradcam" else None
        has_map = config.reasons != "gradcam" or self._layer is not None
        self._form = FORMS[config.reasons] if has_map else no_penalty

    def judge(
        self,
        classify: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]],
        standardise: Standardise,
        rng: np.random.Generator,
        generator: torch.Generator,
    ) -> Judged:
        """PAINTED views, half of painted images drawn at random; in full precision, for gradients of gradients.

        classify: features as the network gives them → those of the classifier, and its logits.
        """
        swapped, truth = self._swapped(rng)
        device = next(self._network.parameters()).device
        views, codes = self._augment(swapped, generator).to(device), torch.from_numpy(truth).to(device)
        x = standardise(views[:, :3]).requires_grad_()
        features, logits, maps = self._forward(x, classify)
        scores = logits.gather(1, codes[:, None])
        ignore = (views[:, 3:] > TOUCHED).float()
        return Judged(logits, codes, self._form(Seen(x, maps, features, scores, ignore)))

    def _swapped(self, rng: np.random.Generator) -> tuple[torch.Tensor, Integers]:
        """Images and the regions in them, (PAINTED, 4, S, S) in 0..1, and their codes, (PAINTED,).

        Each painted image comes with one of another class, and each gets the other's region by a random share: the
        region stands for both classes [Teso & Kersting 2019], and what is asked holds on the whole way to where that
        is so [Erion et al. 2021]. Where the region is LARGE the painted image comes twice instead.
        """
        rows = rng.choice(self._painted, PAINTED // 2)
        donors = np.array([rng.choice(np.flatnonzero(self._codes != self._codes[row])) for row in rows])
        regions = np.stack([self._ignore[row] for row in rows.tolist()])
        large = regions.mean((1, 2)) > LARGE
        first = np.concatenate([rows, np.where(large, rows, donors)])
        second = np.concatenate([donors, np.where(large, donors, rows)])
        region = torch.from_numpy(np.concatenate([regions, regions])).unsqueeze(1).float()
        share = region * torch.from_numpy(rng.random((PAINTED, 1, 1, 1), np.float32))
        blended = torch.lerp(to_floats(self._images[first]), to_floats(self._images[second]), share)
        return torch.cat([blended, region], 1), self._codes[first]

    def _forward(
        self, x: torch.Tensor, classify: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Features, logits, and the maps of the layer that is looked at; x itself where none is."""
        maps = [x]
        handle = None if self._layer is None else self._layer.register_forward_hook(lambda *a: maps.append(a[2]))
        try:
            return *classify(self._network(x)), maps[-1]
        finally:
            if handle is not None:
                handle.remove()


def _layer_of(network: nn.Module, size: int) -> nn.Module | None:
    """The layer that explanations of this network look at; None where it has none."""
    target = find_layers(network, size).target
    if target is None:
        log.warning("%s has no map: its painted images are learnt without a penalty", type(network).__name__)
        return None
    return network.get_submodule(target)
