"""modAL [Danka & Horvath 2018]."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from modAL import batch, disagreement, models
from modAL import density as densities
from modAL import uncertainty as uncertainties
from sklearn.base import BaseEstimator

from benchmarks.peers.asking import Ask, bootstrapped_heads, fitted_head, random_start, seed_of, whole
from trainer.models.head import Head
from trainer.strategies import Query
from trainer.strategies.base import Floats, Integers

COMMITTEE: Final = 5


class FittedHead(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An estimator that has been fitted already."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.classes_ = head.classes

    def fit(self, X: Floats, y: Integers) -> FittedHead:
        """Nothing to do."""
        return self

    def predict_proba(self, X: Floats) -> Floats:
        """(N, K)."""
        return self.head.probabilities(X)

    def predict(self, X: Floats) -> Integers:
        """The likeliest class, (N,)."""
        likeliest: Integers = self.head.classes[self.predict_proba(X).argmax(axis=1)]
        return likeliest


def _learner(head: Head, query: Query) -> Any:
    return models.ActiveLearner(FittedHead(head), X_training=whole(query.labelled), y_training=np.asarray(query.labels))


def _ask(sampling: Callable[..., Any], query: Query, **more: Any) -> Ask:
    head, seed = fitted_head(query), seed_of(query)
    if head is None:
        return random_start(query)
    learner, x = _learner(head, query), whole(query.embeddings)

    def ask() -> Any:
        np.random.seed(seed)
        return sampling(learner, x, n_instances=query.count, **more)[0]

    return ask


def margin(query: Query) -> Ask:
    """Margin [Scheffer et al. 2001]."""
    return _ask(uncertainties.margin_sampling, query, random_tie_break=True)


def entropy(query: Query) -> Ask:
    """Entropy."""
    return _ask(uncertainties.entropy_sampling, query, random_tie_break=True)


def uncertainty(query: Query) -> Ask:
    """Least confidence [Lewis & Gale 1994]."""
    return _ask(uncertainties.uncertainty_sampling, query, random_tie_break=True)


def ranked_batch(query: Query) -> Ask:
    """Ranked batch-mode sampling [Cardoso et al. 2017]."""
    return _ask(batch.uncertainty_batch_sampling, query)


def density(query: Query) -> Ask:
    """Uncertainty times information density [Settles & Craven 2008]."""

    def sampling(learner: Any, x: Floats, n_instances: int) -> tuple[Integers]:
        scores = uncertainties.classifier_uncertainty(learner, x) * densities.information_density(x)
        return (np.argsort(-scores)[:n_instances],)

    return _ask(sampling, query)


def committee(query: Query) -> Ask:
    """Largest disagreement of five heads fitted on bootstrapped labels [McCallum & Nigam 1998]."""
    if fitted_head(query) is None:
        return random_start(query)
    heads, seed, x = bootstrapped_heads(query, COMMITTEE), seed_of(query), whole(query.embeddings)
    members = models.Committee([_learner(head, query) for head in heads])

    def ask() -> Any:
        np.random.seed(seed)
        return disagreement.max_disagreement_sampling(members, x, n_instances=query.count, random_tie_break=True)[0]

    return ask
