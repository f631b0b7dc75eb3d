"""BALD: what the model's parameters would learn most from [Houlsby et al. 2011, Gal et al. 2017]."""

from __future__ import annotations

from typing import Final

import numpy as np
import scipy.linalg

from trainer.models.head import Head, softmax
from trainer.strategies.base import Doubles, Floats, Query, Selection
from trainer.strategies.scored import by_score, uncertain

SAMPLES: Final = 20
BLOCK: Final = 4_096  # images


def bald(query: Query) -> Selection:
    """The images first about which heads drawn from the posterior disagree most: the highest mutual information.

    The posterior is the head's last-layer Laplace approximation. An asked image narrows it as a labelled one does:
    what it is labelled makes no difference. Without a head of two classes all images are equally uncertain.
    """
    if query.head is None or len(query.head.classes) < 2:
        return uncertain(query, lambda probs: np.zeros(len(probs), np.float32))
    heads = posterior_heads(query.head, query.selected(), query.c, SAMPLES, query.rng)
    scores = np.empty(len(query), np.float32)
    for start in range(0, len(query), BLOCK):
        block = np.arange(start, min(start + BLOCK, len(query)))
        x = query.embeddings[block]
        scores[block] = mutual_information(np.stack([softmax(x @ w.T + query.head.bias) for w in heads]))
    return by_score(query, scores)


def mutual_information(samples: Floats) -> Floats:
    """H(mean over t of p_t) − mean over t of H(p_t), in nats. (T, N, K) → (N,), not negative."""
    return np.asarray(np.maximum(_entropy(samples.mean(axis=0)) - _entropy(samples).mean(axis=0), 0), np.float32)


def posterior_heads(head: Head, x: Floats, c: float, samples: int, rng: np.random.Generator) -> Floats:
    """Weights drawn from the Laplace approximation of the head fitted on x, (T, K, D) [MacKay 1992].

    Each class k on its own, the bias as fitted: the precision is H_k = I + C·Σ p_k (1 − p_k) x xᵀ, and a draw is
    w_k + H_k^(−½) ε. x: (n, D); c: the C of the fit.
    """
    probs = head.probabilities(x)
    drawn = np.empty((samples, *head.weight.shape), np.float32)
    for k, weight in enumerate(head.weight):
        scaled = x * np.sqrt(c * probs[:, k, None] * (1 - probs[:, k, None]))
        drawn[:, k] = weight + _noise(scaled.astype(np.float64), samples, rng)
    return drawn


def _noise(a: Doubles, samples: int, rng: np.random.Generator) -> Doubles:
    """Draws from N(0, (I + AᵀA)⁻¹), (n, D) → (T, D), by way of the smaller of the n × n and the D × D matrix."""
    n, dim = a.shape
    noise = rng.standard_normal((dim, samples))
    if n >= dim:
        factor = np.linalg.cholesky(np.eye(dim) + a.T @ a)
        return np.asarray(scipy.linalg.solve_triangular(factor, noise, lower=True, trans="T").T)
    residual = rng.standard_normal((n, samples)) - a @ noise
    return np.asarray((noise + a.T @ np.linalg.solve(np.eye(n) + a @ a.T, residual)).T)


def _entropy(probs: Floats) -> Floats:
    logs = np.log(probs, out=np.zeros_like(probs), where=probs > 0)
    return np.asarray(-(probs * logs).sum(axis=-1), np.float32)
