"""What has been learnt: the head, and what it says about embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from shared.config import Train
from trainer.models.head import Head, fit_head, softmax
from trainer.pool import Located
from trainer.uncertainty.temperature import cross_validated_temperature

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

NO_WEIGHTS: Final[Mapping[int, float]] = MappingProxyType({})
CALIBRATE_AT: Final = 0.1  # more or fewer labels, as a share of those the temperature comes from


@dataclass(frozen=True, slots=True)
class Model:
    """A head and its version, a number that grows with every fit. `labels`: how many it was fitted on.

    temperature: what the head's logits are divided by, above 0. calibrated_on: number of labels that it comes from;
    0 where it is due again whatever the number.
    """

    version: int = 0
    head: Head | None = None
    labels: int = 0
    temperature: float = 1.0
    calibrated_on: int = 0

    def fitted(
        self,
        train: Located,
        labels: Mapping[int, int],
        config: Train,
        weigh: Mapping[int, float] = NO_WEIGHTS,
        copies: tuple[Floats, Integers] | None = None,
    ) -> Self:
        """The next version, fitted on all of `train`; without any labels, a version without a head.

        weigh: what labels of a class count, by class number; 1 for the others. copies: further examples, (m, D) and
        (m,), that are no labels.
        """
        if not len(train):
            return type(self)(self.version + 1)
        x, y = _examples(train, labels)
        if copies is not None:
            x, y = np.concatenate([x, copies[0]]), np.concatenate([y, copies[1]])
        weights = weights_of(y, weigh)
        head = fit_head(x, y, config.C, config.class_balanced, self.head, config.steps_per_slice, weights)
        return replace(self, version=self.version + 1, head=head, labels=len(train))

    @property
    def calibration_due(self) -> bool:
        """Whether the number of labels has changed by a tenth since the temperature was found."""
        change = abs(self.labels - self.calibrated_on)
        return self.head is not None and change >= max(1.0, CALIBRATE_AT * self.calibrated_on)

    def calibrated(
        self, train: Located, labels: Mapping[int, int], config: Train, weigh: Mapping[int, float] = NO_WEIGHTS
    ) -> Self:
        """The same head with the temperature that cross-validation on `train`, its labels, finds; no new version."""
        if self.head is None or not len(train):
            return self
        x, y = _examples(train, labels)
        weights = weights_of(y, weigh)
        temperature = cross_validated_temperature(x, y, config.C, config.class_balanced, self.head, weights)
        return replace(self, temperature=temperature, calibrated_on=len(y))

    def probabilities(self, images: Located) -> Floats:
        """Calibrated class probabilities, (N, K); K = 0 without a head. Columns are head.classes."""
        if self.head is None:
            return np.empty((len(images), 0), np.float32)
        logits = images.vectors.linear(images.rows, self.head.weight, self.head.bias)
        logits /= self.temperature
        return softmax(logits)


def weights_of(y: Integers, weigh: Mapping[int, float]) -> Floats | None:
    """What each label counts, (n,); None where all count 1. y: (n,) class numbers. weigh: class number → weight."""
    return np.array([weigh.get(number, 1.0) for number in y.tolist()], np.float32) if weigh else None


def _examples(train: Located, labels: Mapping[int, int]) -> tuple[Floats, Integers]:
    return train[np.arange(len(train))], np.array([labels[int(number)] for number in train.numbers], np.int64)


def holdout_probabilities(model: Model, test: Located, n_classes: int) -> Floats:
    """Calibrated probabilities of test images by class number, (n, n_classes).

    A class without training labels has 0.
    """
    probs = np.zeros((len(test), n_classes), np.float32)
    if model.head is not None and len(test):
        x = test[np.arange(len(test))]
        probs[:, model.head.classes] = model.head.probabilities(x, model.temperature)
    return probs
