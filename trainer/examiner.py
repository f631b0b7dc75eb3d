"""Examines the model on the hold-out: metrics, stop rules, advice, and the versions that are kept."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from shared.config import Config
from shared.messages import MetricsReport, MetricValue, PoolSummary
from shared.versions import VersionsKept, as_kept
from trainer.advice import advise, updated
from trainer.conversation import Conversation
from trainer.costs import costs_of
from trainer.evaluation import evaluate
from trainer.learner import Floats, holdout_probabilities
from trainer.models.head import Integers
from trainer.outlook import outlook
from trainer.pool import Pool, Snapshot
from trainer.stopping import Progress, look, proving
from trainer.versions import Version, VersionGone, VersionStore, missing

log = logging.getLogger(__name__)


class Examiner:
    """Tells the labeler how good the model is, and which versions of it there are.

    pool: what the newest order's scores amount to. has_space: whether the embedding space with this id can be used.
    """

    def __init__(
        self,
        config: Config,
        talk: Conversation,
        pool: Pool,
        versions: VersionStore,
        has_space: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self.metrics: dict[str, MetricValue] = {}
        self.pool: PoolSummary | None = None
        self._config = config
        self._talk = talk
        self._pool = pool
        self._versions = versions
        self._has_space = has_space
        self._newest: Version | None = None

    def use(self, config: Config) -> None:
        """Go on with another configuration."""
        self._config = config

    def examine(self, snapshot: Snapshot, listed: bool) -> bool:
        """Evaluate the present model, look at the stop rules, and say what came of it. Returns whether it was said.

        listed: whether the whole pool is known; before that, no stop rule is looked at.
        """
        checkpoint, stop = self._talk.checkpoint, self._config.stop
        labels = checkpoint.book.labels()
        truth = np.array([labels[int(number)] for number in snapshot.test.numbers], np.int64)
        n_classes = max([*self._talk.classes, *truth.tolist()], default=-1) + 1
        probs = as_kept(holdout_probabilities(checkpoint.model, snapshot.test, n_classes))
        refused = self._pool.count_tests(checkpoint.book.refused())
        costs = costs_of(self._config.train, self._talk.classes, n_classes)
        known = checkpoint.model.head is not None
        self.metrics = evaluate(probs, truth, self._talk.classes, refused, costs=costs) if known else {}
        self._newest = self._version(snapshot, probs, None if costs is None else costs.decide(probs))
        progress = Progress(len(truth), len(truth) + self._pool.counts().test_open, checkpoint.model.labels)
        if listed and self.metrics:
            checkpoint.looks = look(checkpoint.looks, stop, self.metrics, progress)
        checkpoint.advice = updated(
            checkpoint.advice, self._config.advice, checkpoint.model, snapshot, self.metrics.get("accuracy")
        )
        return self._say_metrics(progress) and self._say_version()

    def keep(self, snapshot: Snapshot) -> None:
        """Keep the present model as a version, and tell the labeler. Raises OSError where the disk is full."""
        if self._newest is None or self._newest.model.version != self._talk.checkpoint.model.version:
            self.examine(snapshot, listed=False)
        version = self._newest
        if version is not None and version.model.head is not None:
            self._versions.keep(version)
            self._talk.send(version.report(self._talk.epoch, kept=True))
            self._say_kept()

    def tell_versions(self) -> None:
        """After a handshake: report the versions that the labeler does not know."""
        log_id = self._talk.checkpoint.log_id
        for number in missing(self._versions.numbers(log_id), self._talk.known_versions):
            try:
                self._talk.send(self._versions.load(log_id, number).report(self._talk.epoch, kept=True))
            except VersionGone as error:
                log.warning("%s", error)
        self._say_kept()

    def _say_kept(self) -> None:
        spaces = self._versions.spaces(self._talk.checkpoint.log_id)
        usable = [number for number, space in spaces.items() if self._has_space(space)]
        self._talk.send(VersionsKept(epoch=self._talk.epoch, versions=usable))

    def _say_metrics(self, progress: Progress) -> bool:
        checkpoint, stop = self._talk.checkpoint, self._config.stop
        return self._talk.send(
            MetricsReport(
                epoch=self._talk.epoch,
                based_on_seq=checkpoint.book.applied_seq,
                model_version=checkpoint.model.version,
                labels=checkpoint.model.labels,
                train_loss=checkpoint.model.head.loss if checkpoint.model.head else None,
                metrics=self.metrics,
                outlook=outlook(checkpoint.looks, stop, self.metrics, progress),
                proving=proving(checkpoint.looks, stop, self.metrics, progress),
                advice=advise(checkpoint.advice, self._config.advice),
                pool=self.pool,
            )
        )

    def _say_version(self) -> bool:
        version = self._newest
        return version is None or self._talk.send(version.report(self._talk.epoch, kept=False))

    def _version(self, snapshot: Snapshot, probs: Floats, said: Integers | None) -> Version:
        checkpoint = self._talk.checkpoint
        head = checkpoint.model.head
        return Version(
            checkpoint.model,
            checkpoint.book.applied_seq,
            checkpoint.log_id or "",
            snapshot.space.id,
            self._talk.steering.revision,
            self.metrics,
            snapshot.test.numbers,
            probs[:, [] if head is None else head.classes],
            None if head is None else said,
        )
