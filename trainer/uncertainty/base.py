"""What a method is given, what it returns, and what follows from that for an image.

A method is a function `(Learnt, passes, generator) -> heads`: `passes` heads that the labels allow, drawn at random,
each with the classes of `Learnt.head`. All else is shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.models.head import Head

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Learnt:
    """A head and what it was fitted on: embeddings x, (n, D), and the row of `head.weight` of each label, y, (n,).

    c, balanced: as in fit_head. dropout: the probability that mc_dropout leaves out a feature. Raises ValueError where
    x is not finite or the sizes differ.
    """

    head: Head
    x: Floats
    y: Integers
    c: float = 30.0
    balanced: bool = True
    dropout: float = 0.25

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y) or self.x.shape[1] != self.head.weight.shape[1]:
            raise ValueError(
                f"got embeddings of shape {self.x.shape}, {len(self.y)} labels and a head for "
                f"{self.head.weight.shape[1]} features; expected one label for each embedding and as many features"
            )
        if not np.isfinite(self.x).all():
            raise ValueError("an embedding holds NaN or infinity")


Uncertainty = Callable[[Learnt, int, np.random.Generator], Sequence[Head]]


@dataclass(frozen=True, slots=True)
class Moments:
    """What several heads say about N images; entropies in nats.

    mean: their mean probabilities, (N, K). predictive: the entropy of that, (N,). expected: the mean of their
    entropies, (N,). information: predictive − expected ≥ 0, the mutual information between the label and the head
    [Houlsby 2011]: how much they disagree.
    """

    mean: Floats
    predictive: Floats
    expected: Floats
    information: Floats


def of_images(heads: Sequence[Head], x: Floats, temperature: float = 1.0) -> Moments:
    """What `heads`, at least one, say about embeddings x, (N, D), each head's logits divided by `temperature`.

    Raises ValueError where x is not finite.
    """
    if not np.isfinite(x).all():
        raise ValueError("an embedding holds NaN or infinity")
    return moments(head.probabilities(x, temperature) for head in heads)


def moments(samples: Iterable[Floats]) -> Moments:
    """The moments of class probabilities, each sample (N, K); at least one. Samples are not kept."""
    count, total, entropies = 0, np.zeros(()), np.zeros(())
    for probs in samples:
        count, total, entropies = count + 1, total + probs, entropies + entropy(probs)
    mean = np.asarray(total / count, np.float32)
    expected = np.asarray(entropies / count, np.float32)
    predictive = np.maximum(entropy(mean), expected)  # above it but for rounding: entropy is concave
    return Moments(mean, predictive, expected, predictive - expected)


def entropy(probs: Floats) -> Floats:
    """−Σ p log p in nats, with 0·log 0 = 0. (N, K) → (N,)."""
    logs = np.log(probs, out=np.zeros_like(probs), where=probs > 0)
    return np.asarray(-(probs * logs).sum(axis=1), np.float32)
