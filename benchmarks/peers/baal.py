"""baal [Atighehchian et al. 2022]: its heuristics on the head's predictions, its Monte Carlo dropout on embeddings."""

from __future__ import annotations

from typing import Any, Final

import torch
from baal.active import heuristics
from baal.bayesian.dropout import MCDropoutModule
from torch import nn

from benchmarks.peers.asking import Ask, fitted_head, random_start, seed_of, whole
from trainer.models.head import Head
from trainer.strategies import Query
from trainer.strategies.base import Floats

PASSES: Final = 20
DROPOUT: Final = 0.5
TARGETS: Final = 200  # images that stand for those to be predicted
CHUNK: Final = 10_000


def _predict(head: Head, x: Floats, passes: int, seed: int) -> Floats:
    """Probabilities, (N, K, passes)."""
    linear = nn.Linear(x.shape[1], len(head.classes))
    linear.weight.data, linear.bias.data = torch.from_numpy(head.weight), torch.from_numpy(head.bias)
    module: Any = MCDropoutModule(nn.Sequential(nn.Dropout(DROPOUT), linear)) if passes > 1 else linear
    torch.manual_seed(seed)
    with torch.inference_mode():
        parts = [
            torch.stack([module(part).softmax(dim=1) for _ in range(passes)], dim=2)
            for part in torch.split(torch.from_numpy(x), CHUNK)
        ]
    found: Floats = torch.cat(parts).numpy()
    return found


def _ask(heuristic: Any, query: Query, passes: int, targets: int = 0) -> Ask:
    head, seed = fitted_head(query), seed_of(query)
    if head is None:
        return random_start(query)
    x = whole(query.embeddings)
    chosen = query.rng.permutation(len(x))[:targets]

    def ask() -> Any:
        predictions = _predict(head, x, passes, seed)
        if targets:
            return heuristic(predictions, predictions[chosen])[: query.count]
        return heuristic(predictions[:, :, 0] if passes == 1 else predictions)[: query.count]

    return ask


def margin(query: Query) -> Ask:
    """Margin [Scheffer et al. 2001]."""
    return _ask(heuristics.Margin(), query, 1)


def entropy(query: Query) -> Ask:
    """Entropy."""
    return _ask(heuristics.Entropy(), query, 1)


def certainty(query: Query) -> Ask:
    """Least confidence [Lewis & Gale 1994]."""
    return _ask(heuristics.Certainty(), query, 1)


def variance(query: Query) -> Ask:
    """Variance over dropout."""
    return _ask(heuristics.Variance(), query, PASSES)


def bald(query: Query) -> Ask:
    """BALD over dropout [Gal et al. 2017]."""
    return _ask(heuristics.BALD(), query, PASSES)


def batch_bald(query: Query) -> Ask:
    """BatchBALD over dropout [Kirsch et al. 2019]."""
    return _ask(heuristics.BatchBALD(num_samples=query.count), query, PASSES)


def epig(query: Query) -> Ask:
    """EPIG over dropout, for 200 images of the pool [Bickford Smith et al. 2023]."""
    return _ask(heuristics.EPIG(), query, PASSES, TARGETS)
