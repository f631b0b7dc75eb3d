"""small-text, which is made for texts but asks by embeddings and probabilities alone. [Schröder et al. 2023]

Left out: DiscriminativeActiveLearning (trains networks of its own), SEALS (a candidate step for other strategies).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import small_text as library

from benchmarks.peers.asking import Ask, fitted_head, labelled_first, random_start, seed_of
from trainer.models.head import Head
from trainer.strategies import Query
from trainer.strategies.base import Floats


@dataclass(frozen=True, slots=True)
class FittedHead:
    """A text classifier's part; a data set is an array of embeddings."""

    head: Head | None

    def predict_proba(self, dataset: Floats) -> Floats:
        """(N, K)."""
        return np.ones((len(dataset), 1), np.float32) if self.head is None else self.head.probabilities(dataset)

    def embed(self, dataset: Floats, return_proba: bool = False, pbar: Any = None) -> Any:
        """The embeddings, which they are already, with probabilities where these are asked for."""
        return (dataset, self.predict_proba(dataset)) if return_proba else dataset


def _ask(strategy: Any, query: Query) -> Ask:
    x, labels = labelled_first(query), len(query.labelled)
    model, seed = FittedHead(fitted_head(query)), seed_of(query)

    def ask() -> Any:
        np.random.seed(seed)
        unlabelled = np.arange(labels, len(x))
        return strategy.query(model, x, unlabelled, np.arange(labels), np.asarray(query.labels), n=query.count) - labels

    return ask


def _ask_with_head(strategy: Any, query: Query) -> Ask:
    return random_start(query) if fitted_head(query) is None else _ask(strategy, query)


def breaking_ties(query: Query) -> Ask:
    """Margin [Luo et al. 2005]."""
    return _ask_with_head(library.BreakingTies(), query)


def least_confidence(query: Query) -> Ask:
    """Least confidence [Lewis & Gale 1994]."""
    return _ask_with_head(library.LeastConfidence(), query)


def prediction_entropy(query: Query) -> Ask:
    """Entropy [Holub et al. 2008]."""
    return _ask_with_head(library.PredictionEntropy(), query)


def embedding_k_means(query: Query) -> Ask:
    """The images nearest to k-means centres [Yuan et al. 2020]."""
    return _ask(library.EmbeddingKMeans(), query)


def greedy_coreset(query: Query) -> Ask:
    """k-center greedy [Sener & Savarese 2018]; it cannot begin without a label."""
    if not len(query.labelled):
        return random_start(query)
    with warnings.catch_warnings(action="ignore"):  # of a default that changed
        return _ask(library.GreedyCoreset(), query)


def lightweight_coreset(query: Query) -> Ask:
    """Lightweight coreset [Bachem et al. 2018]."""
    return _ask(library.LightweightCoreset(), query)


def contrastive(query: Query) -> Ask:
    """Contrastive active learning [Margatina et al. 2021]."""
    return _ask_with_head(library.ContrastiveActiveLearning(pbar=None), query)
