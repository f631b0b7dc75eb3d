"""scikit-activeml: with its defaults, the trainer's head as its classifier. [Kottke et al. 2021]"""

from __future__ import annotations

from typing import Any

import numpy as np
from skactiveml import pool
from skactiveml.base import SkactivemlClassifier
from skactiveml.utils import MISSING_LABEL

from benchmarks.peers.asking import Ask, fitted_head, labelled_first, random_start, seed_of
from trainer.models.head import Head
from trainer.strategies import Query
from trainer.strategies.base import Floats, Integers


class FittedHead(SkactivemlClassifier):  # type: ignore[misc]  # the library has no types
    """A head that has been fitted already; the library is told not to fit it."""

    def __init__(
        self,
        head: Head | None = None,
        classes: Any = None,
        missing_label: Any = MISSING_LABEL,
        cost_matrix: Any = None,
        random_state: Any = None,
    ) -> None:
        super().__init__(classes, missing_label, cost_matrix, random_state)
        self.head = head

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> FittedHead:
        """Nothing to do."""
        return self

    def predict_proba(self, X: Any) -> Floats:
        """(N, K)."""
        assert self.head is not None
        return self.head.probabilities(np.asarray(X, np.float32))

    def predict(self, X: Any) -> Integers:
        """The column of the likeliest class, (N,)."""
        return np.asarray(self.predict_proba(X).argmax(axis=1), np.int64)


def _ask(strategy: Any, query: Query, **more: Any) -> Ask:
    x, labels = labelled_first(query), len(query.labelled)
    y = np.full(len(x), np.nan)
    y[:labels] = query.labels
    return lambda: np.asarray(strategy.query(X=x, y=y, batch_size=query.count, **more)) - labels


def _ask_with_head(strategy: Any, query: Query) -> Ask:
    head = fitted_head(query)
    if head is None:
        return random_start(query)
    return _ask(strategy, query, clf=FittedHead(head, np.arange(len(head.classes))), fit_clf=False)


def max_herding(query: Query) -> Ask:
    """MaxHerding [Bae et al. 2024]."""
    return _ask(pool.MaxHerding(random_state=seed_of(query)), query)


def typi_clust(query: Query) -> Ask:
    """TypiClust [Hacohen et al. 2022]."""
    return _ask(pool.TypiClust(random_state=seed_of(query)), query)


def core_set(query: Query) -> Ask:
    """CoreSet [Sener & Savarese 2018]."""
    return _ask(pool.CoreSet(random_state=seed_of(query)), query)


def prob_cover(query: Query) -> Ask:
    """ProbCover [Yehuda et al. 2022], with the radius that it finds by itself."""
    return _ask(pool.ProbCover(random_state=seed_of(query)), query)


def margin(query: Query) -> Ask:
    """Margin [Scheffer et al. 2001]."""
    return _ask_with_head(pool.UncertaintySampling(method="margin_sampling", random_state=seed_of(query)), query)


def falcun(query: Query) -> Ask:
    """Falcun [Gilhuber et al. 2024]."""
    return _ask_with_head(pool.Falcun(random_state=seed_of(query)), query)


def badge(query: Query) -> Ask:
    """Badge [Ash et al. 2020]."""
    return _ask_with_head(pool.Badge(random_state=seed_of(query)), query)


def drop_query(query: Query) -> Ask:
    """DropQuery [Gupte et al. 2024]."""
    seed = seed_of(query)
    strategy = pool.DropQuery(cluster_algo_dict={"random_state": seed}, random_state=seed)
    return _ask_with_head(strategy, query)
