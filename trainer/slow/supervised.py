"""One round on labels: the network is trained on, with a classifier that is thrown away afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from types import MappingProxyType
from typing import Final

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torchvision.transforms import v2

from shared.config import Slow
from trainer.learner import NO_WEIGHTS
from trainer.models.backbone import NetworkSpace
from trainer.models.head import Floats, Integers
from trainer.models.small_cnn import KIND
from trainer.models.space import Pixels
from trainer.slow.augment import Augment, Standardise, Views, half_precision, to_floats
from trainer.slow.reasons import Flags, Reasons

AVERAGE: Final = 0.98  # of the averaged weights stays at each step
SCALE: Final = 16.0  # of unit features before the classifier
LEARNING_RATES: Final = {KIND: 2e-4}
LEARNING_RATE: Final = 3e-5  # of networks with pretrained weights
CLASSIFIER_RATE: Final = 1e-2
SHRINK: Final = 0.6
PERTURB: Final = 0.01

NO_MASKS: Final[Mapping[int, Flags]] = MappingProxyType({})

Report = Callable[[float], None]


def train_on_labels(  # noqa: PLR0913
    space: NetworkSpace,
    images: Pixels,
    y: Integers,
    config: Slow,
    seed: int,
    report: Report,
    *,
    weigh: Mapping[int, float] = NO_WEIGHTS,
    ignore: Mapping[int, Flags] = NO_MASKS,
) -> NetworkSpace:
    """The space of an averaged copy of the weights [Polyak 1992] after config.steps batches.

    images: (n, S, S, 3), n ≥ 2; y: (n,) class numbers, weighted so that every class counts the same, times its
    weight in `weigh`. Statistics of batch normalisation stay as they are: batches of few labels would spoil them.
    report: told the share done, 0..1. ignore: row → where the network shall not look, (S, S), of painted images.
    """
    torch.manual_seed(seed)
    generator, rng = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    network = deepcopy(space.network).eval()
    if config.start == "shrink":
        shrink_and_perturb(network, generator)
    classes, codes = np.unique(y, return_inverse=True)
    weights = torch.from_numpy(class_weights(codes, classes, weigh)).to(space.device)
    classify = Classifier(space.info.dim, len(classes)).to(space.device)
    averaged = AveragedModel(network, multi_avg_fn=_moving_average(), use_buffers=True)
    optimiser = _optimiser(network, classify, config, space.info.kind)
    augment, standardise = augmentation(config), Standardise(space.info)
    reasons = _reasons(network, config, images, codes, ignore)
    for step in range(config.steps):
        rows = rng.integers(len(y), size=config.batch_size)
        x = standardise(augment(to_floats(images[rows]), generator)).to(space.device)
        with half_precision():
            features = network(x)
        _, logits = classify(features)
        truth, penalty = torch.from_numpy(codes[rows]).to(space.device), torch.zeros((), device=space.device)
        if reasons is not None:
            painted = reasons.judge(classify, standardise, rng, generator)
            logits, truth = torch.cat([logits, painted.logits]), torch.cat([truth, painted.codes])
            penalty = config.reasons_weight * painted.penalty
        loss = functional.cross_entropy(logits, truth, weights) + penalty
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        averaged.update_parameters(network)
        report((step + 1) / config.steps)
    info = space.info.model_copy(update={"weights": "trained here"})
    return NetworkSpace(averaged.module, info, space.device)


class Classifier(nn.Module):
    """Logits of unit features, thrown away after the round."""

    def __init__(self, dim: int, n_classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, n_classes)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Features as the network gives them, (N, D) → what is classified, (N, D), and logits, (N, K)."""
        scaled = functional.normalize(features.float()) * SCALE
        return scaled, self.linear(scaled)


def _optimiser(network: nn.Module, classifier: nn.Module, config: Slow, kind: str) -> torch.optim.Optimizer:
    """AdamW with a rate each for the network, by the kind of its space, and for the classifier."""
    rate = config.learning_rate or LEARNING_RATES.get(kind, LEARNING_RATE)
    trained = [p for p in network.parameters() if p.requires_grad]
    groups = [{"params": trained, "lr": rate}, {"params": list(classifier.parameters()), "lr": CLASSIFIER_RATE}]
    return torch.optim.AdamW(groups, weight_decay=config.weight_decay)


def _reasons(
    network: nn.Module, config: Slow, images: Pixels, codes: Integers, ignore: Mapping[int, Flags]
) -> Reasons | None:
    """The penalty, where images are painted and it is not off. RandAugment cannot move a region along: crops do."""
    if not ignore or config.reasons == "off":
        return None
    augment = "none" if config.augment == "none" else "crops"
    return Reasons(network, config, images, codes, ignore, augmentation(config.model_copy(update={"augment": augment})))


def class_weights(codes: Integers, classes: Integers, weigh: Mapping[int, float]) -> Floats:
    """What a class counts in the loss, n / (K · n_class) times its weight, (K,). codes: (n,) positions in `classes`."""
    own = np.array([weigh.get(number, 1.0) for number in classes.tolist()])
    return (own * len(codes) / (len(classes) * np.bincount(codes, minlength=len(classes)))).astype(np.float32)


def _moving_average() -> Callable[..., None]:
    average: Callable[..., None] = get_ema_multi_avg_fn(AVERAGE)  # type: ignore[no-untyped-call]
    return average


def shrink_and_perturb(network: nn.Module, generator: torch.Generator) -> None:
    """Scale all weight matrices and add noise, so that later labels count like earlier ones [Ash & Adams 2020]."""
    with torch.no_grad():
        for weight in network.parameters():
            if weight.requires_grad and weight.ndim > 1:
                noise = torch.randn(weight.shape, generator=generator).to(weight.device)
                weight.mul_(SHRINK).add_(PERTURB * noise)


def augmentation(config: Slow) -> Augment:
    """The configured random changes, (N, 3, S, S) in 0..1 → the same."""
    if config.augment == "none":
        return lambda images, _: images
    if config.augment == "randaugment":
        return _RandAugment(config.flips)
    return Views(smallest=0.7, light=0.2, colour=0.1, grey=0.0, flips=config.flips)


class _RandAugment:
    """torchvision's, differently for each image [Cubuk 2020]; none of its operations mirrors."""

    def __init__(self, flips: bool) -> None:
        self._change = v2.Compose([v2.RandAugment(), *([v2.RandomHorizontalFlip()] if flips else [])])

    def __call__(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        changed = [self._change(image) for image in (images * 255).round().to(torch.uint8)]
        return torch.stack(changed).float() / 255
