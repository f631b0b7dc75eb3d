"""What mistakes cost: they weigh the labels, and decide which class is said. Pure.

Labels of a class count by the mean cost of mistaking it [Breiman et al. 1984; Ting 2002]. That shifts probabilities
towards dear classes; the decision, the class of least expected cost [Elkan 2001], divides the weights out again, so
that costs count once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from shared.config import Train

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

DEFAULT: Final = 1.0  # of a mistake that nothing was said about


@dataclass(frozen=True, slots=True)
class Costs:
    """matrix: (K, K), what it costs to say the column where the row is true, 0 on the diagonal.

    weights: (K,), what the labels of a row have counted beside others because of it.
    """

    matrix: Doubles
    weights: Doubles

    def decide(self, probs: Floats) -> Integers:
        """The column of least expected cost, (N,). probs: (N, K); a column of zeros, a class unknown so far, is out."""
        expected = probs.astype(np.float64) @ self.scaled
        expected[:, ~probs.any(axis=0)] = np.inf
        return np.asarray(expected.argmin(axis=1), np.int64)

    @property
    def scaled(self) -> Doubles:
        """The matrix without what the weights have counted already, (K, K)."""
        return np.asarray(self.matrix / self.weights[:, None])

    def of(self, truth: Integers, said: Integers) -> Doubles:
        """What each answer costs, (N,)."""
        return np.asarray(self.matrix[truth, said])

    def part(self, classes: Integers) -> Costs:
        """Those of some classes, by their rows."""
        return Costs(self.matrix[np.ix_(classes, classes)], self.weights[classes])


def costs_of(train: Train, names: Mapping[int, str], count: int = 0) -> Costs | None:
    """The costs by class number; None where none are configured. count: at least so many classes."""
    if not train.costs:
        return None
    count = max([count, *(number + 1 for number in names)])
    matrix = np.full((count, count), DEFAULT)
    for row, true in names.items():
        for column, said in names.items():
            matrix[row, column] = train.costs.get(true, {}).get(said, DEFAULT)
    np.fill_diagonal(matrix, 0.0)
    weights = matrix.sum(axis=1) / (count - 1) if count > 1 else np.ones(count)
    return Costs(matrix, weights)


def label_weights(train: Train, names: Mapping[int, str]) -> dict[int, float]:
    """What labels of a class count, by number: its own weight times the mean cost of mistaking it; 1 is left out."""
    costs = costs_of(train, names)
    weights = {
        number: train.class_weights.get(name, 1.0) * (1.0 if costs is None else float(costs.weights[number]))
        for number, name in names.items()
    }
    return {number: weight for number, weight in weights.items() if weight != 1.0}
