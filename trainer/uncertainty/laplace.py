"""Last-layer Laplace approximation [MacKay 1992; Kristiadi et al. 2020]: a Gaussian around the fitted head.

The head minimises C·Σ s_i·loss_i + ‖W‖²/2; that is taken as the negative log posterior. Of the curvature of the loss
the part within a class is taken, a_i = C·s_i·p_ik(1 − p_ik): the classes are then independent, and with X the labelled
rows, G = XXᵀ and A = diag(a), the posterior covariance of a class is

    S = (XᵀAX + I)⁻¹ = I − Xᵀ√A·B⁻¹·√A·X,   B = I + √A·G·√A,

which takes one n × n Cholesky factor, whatever the number of features. The bias is the weight of a feature that is
always 1. (The other reading, a prior of variance C and each label counted once, has C times this covariance: on unit
vectors with C = 30 it drowns the predictions in noise; benchmarks/LOG.md.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import scipy.linalg

from trainer.models.head import Head, sample_weights
from trainer.uncertainty.base import Doubles, Floats, Learnt

MOST_ROWS: Final = 1000  # labelled rows; of more, those with the greatest curvature: the others narrow little


def laplace(learnt: Learnt, passes: int, rng: np.random.Generator) -> list[Head]:
    """Heads drawn from the posterior."""
    posterior = Posterior.of(learnt)
    weights = posterior.draw(passes, rng)
    return [
        replace(learnt.head, weight=np.ascontiguousarray(w[:, :-1]), bias=w[:, -1]) for w in weights.astype(np.float32)
    ]


@dataclass(frozen=True, slots=True)
class Posterior:
    """x: (n, D+1), labelled rows with a 1 at the end. mean: (K, D+1). curvature: a, (K, n). factors: of B, (K, n, n).

    c: as in fit_head.
    """

    x: Doubles
    mean: Doubles
    curvature: Doubles
    factors: Doubles
    c: float

    @classmethod
    def of(cls, learnt: Learnt) -> Self:
        """The posterior around the head, with the curvature at the head. At least one label."""
        head = learnt.head
        probs = head.probabilities(learnt.x).astype(np.float64)
        shares = sample_weights(learnt.y, len(head.classes), learnt.balanced)
        curvature = learnt.c * (probs * (1 - probs) * shares[:, None]).T
        kept = np.sort(np.argsort(-curvature.sum(axis=0), kind="stable")[:MOST_ROWS])
        mean = np.column_stack([head.weight, head.bias]).astype(np.float64)
        return cls.from_curvature(_with_one(learnt.x[kept]), mean, curvature[:, kept], learnt.c)

    @classmethod
    def from_curvature(cls, x: Doubles, mean: Doubles, curvature: Doubles, c: float) -> Self:
        """All of it anew."""
        gram = x @ x.T
        roots = np.sqrt(curvature)
        factors = np.stack([np.linalg.cholesky(np.eye(len(x)) + r[:, None] * gram * r) for r in roots])
        return cls(x, mean, curvature, factors, c)

    def draw(self, count: int, rng: np.random.Generator) -> Doubles:
        """Weights, (count, K, D+1): draws from the prior, corrected by what the labels say [Wilson et al. 2020]."""
        drawn: Doubles = np.empty((count, *self.mean.shape))
        for k, (root, factor) in enumerate(zip(np.sqrt(self.curvature), self.factors, strict=True)):
            prior = rng.standard_normal((count, self.x.shape[1]))
            seen = prior @ self.x.T * root + rng.standard_normal((count, len(self.x)))
            back = scipy.linalg.cho_solve((factor, True), seen.T).T * root
            drawn[:, k] = self.mean[k] + prior - back @ self.x
        return drawn

    def variances(self, x: Floats) -> Doubles:
        """The variance of each logit, xᵀSx, (N, D) → (N, K)."""
        rows = _with_one(x)
        prior = np.einsum("nd,nd->n", rows, rows)
        across = self.x @ rows.T
        found = [
            prior - (scipy.linalg.solve_triangular(f, r[:, None] * across, lower=True) ** 2).sum(axis=0)
            for r, f in zip(np.sqrt(self.curvature), self.factors, strict=True)
        ]
        return np.asarray(np.maximum(np.stack(found, axis=1), 0))

    def with_label(self, x: Floats, column: int) -> Self:
        """The posterior after one more label, without a fit: a row more of each factor and one Newton step.

        The covariance is that of all rows; the step is too long for a label that the head had all but ruled out.
        x: (D,). column: the row of `mean` of its class.
        """
        row = _with_one(x[None])
        logits = row @ self.mean.T
        probs = np.exp(logits - logits.max())
        probs /= probs.sum()
        grown = self._with_row(row, self.c * (probs * (1 - probs))[0])
        steps = self.c * (probs[0] - np.eye(len(self.mean))[column])
        return replace(grown, mean=self.mean - steps[:, None] * grown._times(row[0]))

    def _with_row(self, row: Doubles, curvature: Doubles) -> Self:
        n = len(self.x)
        factors = np.zeros((len(self.mean), n + 1, n + 1))
        gram, own = self.x @ row[0], float(row[0] @ row[0])
        for k, a in enumerate(curvature):
            below = np.sqrt(a * self.curvature[k]) * gram
            factors[k, :n, :n] = self.factors[k]
            factors[k, n, :n] = scipy.linalg.solve_triangular(self.factors[k], below, lower=True)
            factors[k, n, n] = np.sqrt(1 + a * own - factors[k, n, :n] @ factors[k, n, :n])
        return replace(
            self,
            x=np.concatenate([self.x, row]),
            curvature=np.column_stack([self.curvature, curvature]),
            factors=factors,
        )

    def _times(self, row: Doubles) -> Doubles:
        """S·row of each class, (D+1,) → (K, D+1)."""
        across = self.x @ row
        backs = [
            r * scipy.linalg.cho_solve((f, True), r * across)
            for r, f in zip(np.sqrt(self.curvature), self.factors, strict=True)
        ]
        return np.asarray(row - np.stack(backs) @ self.x)


def _with_one(x: Floats) -> Doubles:
    return np.column_stack([x, np.ones(len(x))]).astype(np.float64)
