"""What one model version says about hold-out images, beside what people say now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Judged:
    """One version's answers to labelled hold-out images.

    numbers: (n,) image numbers. probs: (n, C), column = class number. truth: (n,) class numbers below C. said: (n,)
    class numbers, where costs of mistakes decide; None where the likeliest class is said.
    """

    numbers: Integers
    probs: Floats
    truth: Integers
    said: Integers | None = None

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(self.probs.shape[1])

    @property
    def predicted(self) -> Integers:
        """The class that is said of each image, (n,)."""
        return self.likeliest if self.said is None else self.said

    @property
    def likeliest(self) -> Integers:
        """The likeliest class of each image, (n,)."""
        return np.asarray(self.probs.argmax(axis=1) if self.classes else np.zeros(len(self.truth)), np.int64)

    @property
    def confidence(self) -> Floats:
        """The probability of the likeliest class, (n,)."""
        return np.asarray(self.probs.max(axis=1, initial=0.0))

    @property
    def right(self) -> Booleans:
        """Whether the class that is said is the true one, (n,)."""
        return np.asarray(self.predicted == self.truth)

    def __len__(self) -> int:
        return len(self.truth)

    def of(self, numbers: Integers) -> Judged:
        """The same for some images, in the order of `numbers`; each must be among them."""
        order = np.argsort(self.numbers, kind="stable")
        rows = order[np.searchsorted(self.numbers, numbers, sorter=order)] if len(numbers) else numbers
        said = None if self.said is None else self.said[rows]
        return Judged(self.numbers[rows], self.probs[rows], self.truth[rows], said)


def judge(
    numbers: Integers,
    probs: npt.ArrayLike,
    columns: Integers,
    labels: Mapping[int, int],
    classes: int,
    said: Integers | None = None,
) -> Judged:
    """Put a version's answers beside the labels as they stand now; images without a label now are left out.

    numbers: (n,) image numbers. probs: (n, K), columns: (K,) class number of each column, below `classes`; a class
    that this version did not know has probability 0. labels: class number by image number. said: (n,), as in Judged.
    """
    known = np.flatnonzero([int(number) in labels for number in numbers])
    wide = np.zeros((len(known), classes))
    wide[:, columns] = np.asarray(probs, np.float64).reshape(len(numbers), len(columns))[known]
    truth = np.array([labels[int(number)] for number in numbers[known]], np.int64)
    return Judged(np.asarray(numbers, np.int64)[known], wide, truth, None if said is None else said[known])
