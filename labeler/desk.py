"""The labeler's side of the link: what the trainer says is checked for its age, kept and passed on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from labeler.board import Board, Topic
from labeler.database import Database
from labeler.feed import Feed
from labeler.guidance import Guidance
from labeler.history import History
from labeler.image_store import ImageStore
from labeler.session import Event
from labeler.settings import Settings
from labeler.slow_rounds import SlowRounds
from labeler.store import AnnotationStore
from labeler.versions import Versions
from shared.errors import ProtocolError
from shared.events import MAX_LEASED, PROTOCOL_VERSION
from shared.messages import (
    AnnotationBatch,
    Applied,
    ClassInfo,
    Finished,
    Hello,
    MetricsReport,
    Ranking,
    Resend,
    SessionState,
    SlowReport,
    StopReached,
    TrainerStatus,
    UnreadableImages,
    Welcome,
)
from shared.steering import Steering
from shared.versions import VersionReport, VersionsKept


@dataclass(frozen=True, slots=True)
class TrainerView:
    """What the pages show of the trainer."""

    connected: bool = False
    epoch: int = 0
    state: str = "away"
    applied_seq: int = 0
    model_version: int = 0
    embedded: int = 0
    pool: int = 0
    backbone: str = ""
    detail: str = ""
    slow: bool | None = None


class TrainerDesk:
    """Takes in what the trainer of the newest epoch says. Messages of older epochs are dropped."""

    def __init__(
        self,
        board: Board,
        database: Database,
        annotations: AnnotationStore,
        images: ImageStore,
        settings: Settings,
        clock: Callable[[], float],
    ) -> None:
        """clock: seconds since the epoch."""
        self.view = TrainerView()
        self.guidance = Guidance(database)
        self.slow_rounds = SlowRounds(database)
        self.versions = Versions(database, clock)
        self._board = board
        self._database = database
        self._annotations = annotations
        self._images = images
        self._settings = settings
        self._unseen = 0
        self._clock = clock
        self._feed: Feed | None = None
        self.history = History(annotations.metrics_history())
        self.queue_time = clock()

    def welcome(self, hello: Hello) -> Welcome:
        """Begin a new epoch with this trainer. Raises ProtocolError for another protocol version."""
        if hello.protocol != PROTOCOL_VERSION:
            raise ProtocolError(
                f"the trainer speaks protocol {hello.protocol}, the labeler {PROTOCOL_VERSION}; use one release of both"
            )
        with self._board.lock:
            log_id, last_seq = self._database.log_id, self._board.book.applied_seq
            same_log = hello.log_id == log_id and hello.applied_seq <= last_seq
            start = hello.applied_seq if same_log else 0
            epoch = int(self._database.get_meta("epoch", "0")) + 1
            self._database.set_meta(epoch=str(epoch))
            self._feed = Feed(self._settings.config.stream, start)
            self.view = TrainerView(True, epoch, "starting", start, hello.model_version)
            welcome = Welcome(
                log_id=log_id,
                epoch=epoch,
                start_after=start,
                last_seq=last_seq,
                ranking_version=self._board.queue.version,
                classes=self._classes(),
                session=self._board.session,
                versions=self.versions.numbers(),
                steering=self.steering(),
            )
        self._board.tell(Topic.TRAINER, Topic.LOG, Topic.STATE)
        return welcome

    def steering(self) -> Steering:
        """The settings as the trainer is told of them."""
        return self._settings.steering.model_copy(update={"named": self.versions.named()})

    def lost(self, epoch: int) -> None:
        """The connection of this epoch has ended."""
        with self._board.lock:
            if epoch != self.view.epoch:
                return
            self._feed = None
            self.view = replace(self.view, connected=False, state="away")
        self._board.tell(Topic.TRAINER, Topic.STATE)

    def reached_epoch(self) -> int:
        """The epoch of the trainer that is there now; 0 where none is."""
        view = self.view
        return view.epoch if view.connected else 0

    def next_batch(self) -> AnnotationBatch | float | None:
        """The batch that is due now, or the seconds until one is, or None while there is nothing to send."""
        with self._board.lock:
            if self._feed is None:
                return None
            last_seq, now = self._board.book.applied_seq, self._clock()
            wait = self._feed.wait(last_seq, now)
            if wait != 0.0:
                return wait
            after = self._feed.applied_seq
            rows = self._annotations.log(after, self._feed.limit(last_seq))
            self._feed.sent(rows[-1].seq, now)
            return AnnotationBatch(
                log_id=self._database.log_id,
                epoch=self.view.epoch,
                seq_from=rows[0].seq,
                seq_to=rows[-1].seq,
                rows=[row.for_trainer() for row in rows],
                classes=self._classes(),
                leased=self._board.queue.leased(MAX_LEASED),
            )

    def applied(self, message: Applied) -> None:
        """A batch is in the trainer's label set."""
        with self._board.lock:
            if not self._current(message.epoch) or self._feed is None:
                return
            self._feed.acknowledge(min(message.seq, self._board.book.applied_seq))
            self.view = replace(self.view, applied_seq=self._feed.applied_seq)
        self._board.tell(Topic.LOG, Topic.TRAINER)

    def resend(self, message: Resend) -> None:
        """The trainer misses rows."""
        with self._board.lock:
            if self._current(message.epoch) and self._feed is not None:
                self._feed.rewind(message.after)
        self._board.tell(Topic.LOG)

    def ranking(self, message: Ranking) -> None:
        """Adopt a new order, unless a newer one is here."""
        with self._board.lock:
            if not self._current(message.epoch) or not self._board.queue.replace_ranking(message):
                return
            self.queue_time = self._clock()
            self.view = replace(self.view, model_version=message.model_version)
        self._board.tell(Topic.QUEUE, Topic.STATE)

    def metrics(self, message: MetricsReport) -> None:
        """Keep an evaluation, unless a newer one is here."""
        with self._board.lock:
            newest = self.history.newest
            if not self._current(message.epoch) or message.based_on_seq < newest.get("seq", 0):
                return
            self._board.queue.prove(message.proving)
            row, advised = self._history_row(message), self.guidance.take(message)
            evaluated = not _same_evaluation(newest, row)
            if evaluated:
                self._annotations.add_metrics(row)
                self.history.add(row)
                self._pause_for_a_look()
            if not (evaluated or advised):
                return
        self._board.tell(Topic.METRICS, Topic.STATE)

    def version(self, message: VersionReport) -> None:
        """Keep what a version of the model says about the hold-out."""
        with self._board.lock:
            if not self._current(message.epoch):
                return
            self.versions.take(message)
        self._board.tell(Topic.VERSIONS)

    def versions_kept(self, message: VersionsKept) -> None:
        """Note which versions the trainer can still use."""
        with self._board.lock:
            if not self._current(message.epoch):
                return
            self.versions.note_kept(message)
        self._board.tell(Topic.VERSIONS)

    def status(self, message: TrainerStatus) -> None:
        """Show what the trainer is doing."""
        with self._board.lock:
            if not self._current(message.epoch):
                return
            self.view = replace(
                self.view,
                state=message.state.value,
                model_version=message.model_version,
                embedded=message.embedded,
                pool=message.pool,
                backbone=message.backbone,
                detail=message.detail,
                slow=message.slow,
            )
        self._board.tell(Topic.TRAINER)

    def slow(self, message: SlowReport) -> None:
        """Show how far the slow loop has come; the newest report of a round wins."""
        with self._board.lock:
            if not self._current(message.epoch):
                return
            self.slow_rounds.take(message, self._clock())
        self._board.tell(Topic.STATE)

    def unreadable(self, message: UnreadableImages) -> None:
        """Take images that cannot be decoded out of the queue; the reasons are kept for the Data page."""
        with self._board.lock:
            if not self._current(message.epoch):
                return
            known = self._images.images_by_number(i.image for i in message.images)
            reasons = {
                i.image: i.reason
                for i in message.images
                if i.image in known and known[i.image].image_id == i.content_hash
            }
            self._images.mark_unreadable(reasons)
            self._board.lose_images(reasons)

    def stop_reached(self, message: StopReached) -> None:
        """The trainer's stop rule is met: stop, unless the session has been stopped or paused already."""
        with self._board.lock:
            if self._current(message.epoch) and self._board.session.state is SessionState.LABELLING:
                self._board.move(Event.STOP, message.reason)

    def finished(self, message: Finished) -> None:
        """Model and predictions are on disk."""
        with self._board.lock:
            if self._current(message.epoch) and self._board.session.state is SessionState.STOPPING:
                self._board.move(Event.FINISHED)

    def _pause_for_a_look(self) -> None:
        """Pause after so many evaluations, where that is set."""
        every = self._settings.config.train.pause_every
        self._unseen += 1
        if every and self._unseen >= every and self._board.session.state is SessionState.LABELLING:
            self._unseen = 0
            done = "1 evaluation is" if every == 1 else f"{every:,} evaluations are"
            self._board.move(Event.PAUSE, f"{done} done; have a look, then resume")

    def _current(self, epoch: int) -> bool:
        return self.view.connected and epoch == self.view.epoch

    def _classes(self) -> list[ClassInfo]:
        return [ClassInfo(id=number, name=name) for number, name in self._board.class_names.items()]

    def _history_row(self, message: MetricsReport) -> dict[str, Any]:
        test_labels = max((m.n for name, m in message.metrics.items() if name == "accuracy"), default=0)
        return {
            "seq": message.based_on_seq,
            "labels": message.labels,
            "test_labels": test_labels,
            "time": self._clock(),
            "model_version": message.model_version,
            "train_loss": message.train_loss,
            "metrics": {name: value.wire() for name, value in message.metrics.items()},
            "pool": None if message.pool is None else message.pool.wire(),
        }


def _same_evaluation(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether only the time differs, and the pool: after a handshake its scores may be those of another moment."""
    return {**old, "time": 0, "pool": None} == {**new, "time": 0, "pool": None}
