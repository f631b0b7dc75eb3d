"""The trainer's side of the protocol: keeps the label book level with the labeler's log."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from shared.events import PROTOCOL_VERSION
from shared.messages import (
    AnnotationBatch,
    Applied,
    ClassInfo,
    Hello,
    PoolChanged,
    Resend,
    SessionNews,
    SessionState,
    Welcome,
)
from shared.steering import Steering
from trainer.checkpoint import Checkpoint
from trainer.intake import take_in
from trainer.link import Incoming, LinkDown, LinkUp, Outgoing, TrainerLink
from trainer.pool import Pool

log = logging.getLogger(__name__)


@dataclass(slots=True)
class News:
    """What came in: batches with new rows, a handshake, a session with another state, images not yet listed,
    settings."""

    batches: int = 0
    welcomed: bool = False
    session: bool = False
    pool: bool = False
    steering: bool = False


class Conversation:
    """What the labeler has said so far; `checkpoint.book` and the pool's open images follow it.

    epoch: 0 while there is no handshake; messages are then kept back by `send`. leased: images that people were
    looking at when the newest batch was sent. known_versions: of the model, that the labeler has been told of.
    """

    def __init__(self, link: TrainerLink, checkpoint: Checkpoint, pool: Pool) -> None:
        self.checkpoint = checkpoint
        self.epoch = 0
        self.session = SessionNews(state=SessionState.SETUP)
        self.classes: dict[int, str] = {}
        self.ranking_version = 0
        self.last_seq = 0
        self.leased: list[int] = []
        self.known_versions: list[int] = []
        self.steering = Steering()
        self._link = link
        self._pool = pool
        pool.close({image: True for image, _ in checkpoint.book})

    @property
    def level(self) -> bool:
        """Whether every row that the labeler is known to have has been applied."""
        return self.epoch > 0 and self.checkpoint.book.applied_seq >= self.last_seq

    def send(self, message: Outgoing) -> bool:
        """Hand a message over; False where there is no handshake."""
        return self.epoch > 0 and self._link.send(message)

    def take(self, messages: list[Incoming]) -> News:
        """Take in messages, in order."""
        news = News()
        for message in messages:
            match message:
                case LinkUp():
                    self._hello()
                case LinkDown():
                    self.epoch = 0
                case Welcome():
                    self._welcome(message, news)
                case AnnotationBatch():
                    self._batch(message, news)
                case SessionNews():
                    news.session |= message.state is not self.session.state
                    self.session = message
                case PoolChanged():
                    news.pool = True
                case Steering() if message.revision >= self.steering.revision:
                    self.steering, news.steering = message, True
        return news

    def _hello(self) -> None:
        self.epoch = 0
        self._link.send(
            Hello(
                protocol=PROTOCOL_VERSION,
                log_id=self.checkpoint.log_id,
                applied_seq=self.checkpoint.book.applied_seq,
                model_version=self.checkpoint.model.version,
            )
        )

    def _welcome(self, welcome: Welcome, news: News) -> None:
        known = self.checkpoint
        if welcome.log_id != known.log_id or welcome.last_seq < known.book.applied_seq:
            self._start_over(welcome)
        self.epoch = welcome.epoch
        self.last_seq = welcome.last_seq
        self.known_versions = welcome.versions
        self.ranking_version = max(self.ranking_version, welcome.ranking_version)
        self._name(welcome.classes)
        news.session |= welcome.session.state is not self.session.state
        self.session = welcome.session
        self.steering = welcome.steering
        news.welcomed = news.pool = news.steering = True
        if welcome.start_after > self.checkpoint.book.applied_seq:
            self.send(Resend(epoch=self.epoch, after=self.checkpoint.book.applied_seq))

    def _start_over(self, welcome: Welcome) -> None:
        """Another log: its numbers mean other images and classes."""
        if self.checkpoint.log_id is not None:
            log.warning("the labeler's log is %s, not %s; starting over", welcome.log_id, self.checkpoint.log_id)
            self._pool.clear()
        self.checkpoint.restart(welcome.log_id)
        self.leased = []

    def _batch(self, batch: AnnotationBatch, news: News) -> None:
        if batch.epoch != self.epoch or batch.log_id != self.checkpoint.log_id:
            log.info("dropped a batch of epoch %d; this is epoch %d", batch.epoch, self.epoch)
            return
        book = self.checkpoint.book
        taken = take_in(book, batch)
        self._name(batch.classes)
        self.last_seq = max(self.last_seq, batch.seq_to)
        self.leased = batch.leased
        self._pool.close({image: book.standing(image) is not None for image in taken.changed})
        news.batches += bool(taken.changed)
        self.send(Applied(epoch=self.epoch, seq=book.applied_seq))
        if taken.missing_after is not None:
            self.send(Resend(epoch=self.epoch, after=taken.missing_after))

    def _name(self, classes: list[ClassInfo]) -> None:
        self.classes = {info.id: info.name for info in classes}
