"""The loop: take in, fit, rank if due, evaluate if due, save if due, stop?"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Final

from shared.config import Config, Train
from shared.costs import unknown_names
from shared.messages import (
    Finished,
    Ranking,
    SessionState,
    StopReached,
    TrainerState,
)
from trainer.advice import stop_reason
from trainer.checkpoint import save_checkpoint
from trainer.conversation import Conversation
from trainer.costs import Costs, costs_of, label_weights
from trainer.due import Due, worth_ranking
from trainer.embedder import Embedder
from trainer.examiner import Examiner
from trainer.export import export_all, export_predictions
from trainer.link import TrainerLink
from trainer.painted import Painted
from trainer.pool import Pool, Snapshot
from trainer.pool_summary import summarise
from trainer.ranking import Ranker
from trainer.reporting import Reporter
from trainer.slow.loop import SlowLoop
from trainer.steering import fits_otherwise, in_force
from trainer.stopping import decide
from trainer.timings import Timings
from trainer.versions import FOLDER, VersionStore

log = logging.getLogger(__name__)

POLL_S: Final = 0.25
AGAIN_S: Final = 5.0  # until something that has had no effect is tried again
ACTIVE: Final = frozenset({SessionState.SETUP, SessionState.LABELLING})


class Trainer:
    """One trainer: everything it does happens in `run`, in one thread; only the embedder works beside it,
    and the process of the slow loop.

    clock: seconds that never go back. ending: set from outside to end `run`.
    """

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        config: Config,
        link: TrainerLink,
        talk: Conversation,
        pool: Pool,
        embedder: Embedder,
        clock: Callable[[], float],
        ending: Event,
        slow: SlowLoop | None = None,
        painted: Painted | None = None,
    ) -> None:
        self.talk = talk
        self.versions = VersionStore(config.paths.data / FOLDER, config.train.keep_versions)
        self.timings = Timings(clock)
        self.fitted: tuple[dict[int, int], Train] = ({}, config.train)  # labels and settings of the present head
        self._base = self._config = config
        self._link = link
        self._pool = pool
        self._embedder = embedder
        self._clock = clock
        self._ending = ending
        self._slow = slow
        self._painted = painted
        self._ranker = Ranker(config.strategy, config.train.C)
        self._reporter = Reporter(talk, pool, clock, lambda: None if slow is None else slow.enabled)
        self._due = Due(config.train)
        self._examiner = Examiner(config, talk, pool, self.versions, (lambda _: True) if slow is None else slow.has)
        self._ranked_images = 0
        self._stop_said_at = -AGAIN_S
        self._finish_at = 0.0
        self._finished: Finished | None = None
        self._unpredicted = False

    @property
    def state(self) -> TrainerState:
        """What it is doing."""
        return self._reporter.state

    def run(self) -> None:
        """Work until `ending` is set, then leave a checkpoint."""
        while not self._ending.is_set():
            self.step(POLL_S)
        if self._due.unsaved:
            self._save()

    def step(self, timeout_s: float) -> None:
        """One round: wait up to `timeout_s` for messages, then do what is due."""
        quiet = not self._take_in(timeout_s)
        session = self.talk.session.state
        if session in ACTIVE:
            self._finished = None
            self._look_after_slow_loop()
            self._work()
        elif session is SessionState.STOPPING and quiet and self.talk.level:
            if self._slow is not None:
                self._slow.interrupt()
            self._finish()
        elif session is SessionState.STOPPED and self._unpredicted:
            self._predict_the_rest()
        self._reporter.report(self._embedder.take_unreadable(), self._due.fit)

    def _take_in(self, timeout_s: float) -> int:
        """Take in what the labeler says and what has been embedded. Returns the number of messages."""
        messages = self._link.receive(timeout_s)
        news = self.talk.take(messages)
        self._due.batches(news.batches)
        if news.steering:
            self._steer()
        if news.welcomed:
            self._ranked_images = 0
            self._due.again()
            self._reporter.again()
            for sentence in unknown_names(self._config.train.costs, self.talk.classes.values()):
                log.warning("%s", sentence)
            self._examiner.tell_versions()
            if self._slow is not None:
                self._slow.again()
        if news.pool:
            self._embedder.look_again()
        if self._painted is not None and self._painted.take_news():
            self._due.images()
        counts = self._pool.counts()
        first = self._ranked_images == 0
        if (self._config.train.continuous or first) and worth_ranking(
            counts.embedded, self._ranked_images, counts.images
        ):
            self._due.images() if first else self._due.more_images()
        return len(messages)

    def _steer(self) -> None:
        """Use the settings as the labeler has them now; the next step is the first with them."""
        steering, before = self.talk.steering, self._config
        self.versions.named = frozenset(steering.named)
        if self._slow is not None:
            self._slow.wish = steering.recall
        config = in_force(self._base, steering)
        if config == before:
            return
        log.info("settings of revision %d are in force", steering.revision)
        self._config = config
        self._ranker = Ranker(config.strategy, config.train.C)
        self._due.config = config.train
        self._examiner.use(config)
        if self._slow is not None:
            self._slow.use(config)
        if fits_otherwise(before.train, config.train):
            self.talk.checkpoint.model = replace(self.talk.checkpoint.model, calibrated_on=0)
        self._due.images()

    def _look_after_slow_loop(self) -> None:
        """Where it has swapped the embeddings, the head of the old ones is dropped and fitted anew on all labels."""
        if self._slow is not None and self.talk.level and self._slow.tick(self._embedder):
            checkpoint = self.talk.checkpoint
            checkpoint.model = replace(checkpoint.model, head=None, calibrated_on=0)
            self._due.images()

    def _work(self) -> None:
        if self.talk.epoch == 0:  # nobody to tell; after the next handshake everything is due
            return
        if not (self._due.fit or self._due.rank or self._due.evaluate or self._due.save):
            self._stop_if_reached()
            return
        snapshot = self._pool.snapshot(self.talk.checkpoint.book.labels())
        if snapshot is None:
            return
        with self._embedder.held():
            if self._due.fit:
                with self.timings.of("fit"):
                    self._fit(snapshot)
            if self._due.rank:
                with self.timings.of("rank"):
                    self._rank(snapshot)
            if self._due.evaluate:
                self._evaluate(snapshot)
            if self.talk.checkpoint.model.calibration_due:  # the next order has it; this one need not wait
                self._calibrate(snapshot)
            if self._due.save:
                self._save(snapshot)
        self._stop_if_reached()

    def _fit(self, snapshot: Snapshot) -> None:
        checkpoint = self.talk.checkpoint
        labels, train = checkpoint.book.labels(), self._config.train
        copies = None if self._painted is None else self._painted.examples(snapshot, labels)
        checkpoint.model = checkpoint.model.fitted(snapshot.train, labels, train, self._weigh, copies)
        self.fitted = (labels, train)
        self._due.fit = False

    def _calibrate(self, snapshot: Snapshot) -> None:
        checkpoint = self.talk.checkpoint
        labels, train = checkpoint.book.labels(), self._config.train
        checkpoint.model = checkpoint.model.calibrated(snapshot.train, labels, train, self._weigh)

    def _rank(self, snapshot: Snapshot) -> None:
        model = self.talk.checkpoint.model
        version = self.talk.ranking_version + 1
        labels = self.talk.checkpoint.book.labels()
        order = self._ranker.order(snapshot, model, labels, version, self.talk.leased, self._costs)
        sent = self.talk.send(
            Ranking(
                epoch=self.talk.epoch,
                version=version,
                based_on_seq=self.talk.checkpoint.book.applied_seq,
                model_version=model.version,
                strategy=order.strategy,
                entries=order.entries,
            )
        )
        if sent:
            self.talk.ranking_version = version
            self._examiner.pool = summarise(order.probs, order.classes)
            self._ranked_images = self._pool.counts().embedded
            self._due.ranked()

    def _evaluate(self, snapshot: Snapshot) -> None:
        if self._examiner.examine(snapshot, self._embedder.listed):
            self._due.evaluated()

    def _save(self, snapshot: Snapshot | None = None) -> None:
        try:
            if snapshot is not None:
                self._examiner.keep(snapshot)
            save_checkpoint(self._config.paths.data / "checkpoints", self.talk.checkpoint)
        except OSError as error:
            log.error("no checkpoint could be written: %s; is the disk full?", error)
        self._due.saved()

    def _stop_if_reached(self) -> None:
        reason = self._stop_reason()
        now = self._clock()
        if reason is None or self.talk.session.state is not SessionState.LABELLING:
            return
        if now - self._stop_said_at >= AGAIN_S:
            log.info("stop: %s", reason)
            self.talk.send(StopReached(epoch=self.talk.epoch, reason=reason))
            self._stop_said_at = now

    def _stop_reason(self) -> str | None:
        checkpoint = self.talk.checkpoint
        nothing_new = checkpoint.book.applied_seq <= checkpoint.finished_seq
        if not self.talk.level or nothing_new:
            return None
        return decide(checkpoint.looks, self._config.stop) or stop_reason(checkpoint.advice, self._config.advice)

    def _finish(self) -> None:
        """A last evaluation, checkpoint and export; the answer is said again after each handshake."""
        if self._finished is not None or self._clock() < self._finish_at:
            return
        checkpoint = self.talk.checkpoint
        snapshot = self._pool.snapshot(checkpoint.book.labels())
        exports: list[str] = []
        if snapshot is not None:
            if self._due.fit:
                self._fit(snapshot)
            self._evaluate(snapshot)
        checkpoint.looks = checkpoint.looks.after_stop()
        checkpoint.advice = checkpoint.advice.after_stop(self._config.advice)
        checkpoint.finished_seq = checkpoint.book.applied_seq
        metrics = self._examiner.metrics
        try:
            if snapshot is not None:
                names, costs = self.talk.classes, self._costs
                exports = export_all(self._exports, checkpoint, snapshot, self._pool, names, metrics, costs)
        except OSError as error:
            log.error("the export could not be written: %s; trying again, is the disk full?", error)
            self._finish_at = self._clock() + AGAIN_S
            return
        counts = self._pool.counts()
        self._unpredicted = bool(exports) and counts.embedded < counts.images
        self._save(snapshot)
        self._finished = Finished(
            epoch=self.talk.epoch,
            applied_seq=checkpoint.book.applied_seq,
            model_version=checkpoint.model.version,
            exports=exports,
        )
        self.talk.send(self._finished)

    def _predict_the_rest(self) -> None:
        """Once all images have been read, write the predictions again: at the stop some could not be predicted."""
        counts = self._pool.counts()
        if counts.embedded < counts.images or self._clock() < self._finish_at:
            return
        checkpoint = self.talk.checkpoint
        try:
            export_predictions(self._exports, checkpoint, self._pool, self.talk.classes, self._costs)
            self._unpredicted = False
        except OSError as error:
            log.error("the predictions could not be written: %s; trying again, is the disk full?", error)
            self._finish_at = self._clock() + AGAIN_S

    @property
    def _weigh(self) -> dict[int, float]:
        return label_weights(self._config.train, self.talk.classes)

    @property
    def _costs(self) -> Costs | None:
        return costs_of(self._config.train, self.talk.classes)

    @property
    def _exports(self) -> Path:
        return self._config.paths.data / "exports"
