"""What has been learnt: the head, and what it says about embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from shared.config import Train
from trainer.models.head import Head, fit_head, softmax
from trainer.pool import Located

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Model:
    """A head and its version, a number that grows with every fit. `labels`: how many it was fitted on."""

    version: int = 0
    head: Head | None = None
    labels: int = 0

    def fitted(self, train: Located, labels: Mapping[int, int], config: Train) -> Self:
        """The next version, fitted on all of `train`; without any labels, a version without a head."""
        if not len(train):
            return replace(self, version=self.version + 1, head=None, labels=0)
        x = train[np.arange(len(train))]
        y = np.array([labels[int(number)] for number in train.numbers], np.int64)
        head = fit_head(x, y, config.C, config.class_balanced, self.head, config.steps_per_slice)
        return replace(self, version=self.version + 1, head=head, labels=len(y))

    def probabilities(self, images: Located) -> Floats:
        """Class probabilities of `images`, (N, K); K = 0 without a head. Columns are head.classes."""
        if self.head is None:
            return np.empty((len(images), 0), np.float32)
        return softmax(images.vectors.linear(images.rows, self.head.weight, self.head.bias))


def holdout_probabilities(head: Head | None, test: Located, n_classes: int) -> Floats:
    """Class probabilities of test images by class number, (n, n_classes); a class without training labels has 0."""
    probs = np.zeros((len(test), n_classes), np.float32)
    if head is not None and len(test):
        probs[:, head.classes] = head.probabilities(test[np.arange(len(test))])
    return probs
