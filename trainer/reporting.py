"""Tells the labeler what the trainer is doing and which images it could not use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from shared.messages import SessionState, TrainerState, TrainerStatus, UnreadableImage, UnreadableImages
from trainer.conversation import Conversation
from trainer.pool import Pool

EVERY_S: Final = 0.5
MOST_PER_MESSAGE: Final = 1_000
BY_SESSION: Final = {
    SessionState.PAUSED: TrainerState.PAUSED,
    SessionState.STOPPED: TrainerState.STOPPED,
    SessionState.STOPPING: TrainerState.TRAINING,
}


class Reporter:
    """Sends a status when it has changed, at most twice a second, and unreadable images as they are found."""

    def __init__(
        self,
        talk: Conversation,
        pool: Pool,
        clock: Callable[[], float],
        slow_is_on: Callable[[], bool | None] = lambda: None,
    ) -> None:
        self.state = TrainerState.STARTING
        self._talk = talk
        self._pool = pool
        self._clock = clock
        self._slow_is_on = slow_is_on
        self._said: TrainerStatus | None = None
        self._said_at = float("-inf")
        self._unreadable: dict[int, UnreadableImage] = {}
        self._unsaid: list[UnreadableImage] = []

    def again(self) -> None:
        """After a handshake: say everything again."""
        self._said = None
        self._unsaid = list(self._unreadable.values())

    def report(self, unreadable: Sequence[UnreadableImage], busy: bool) -> None:
        """Say what has changed. busy: whether labels wait to be learnt."""
        self._unreadable.update({image.image: image for image in unreadable})
        self._unsaid.extend(unreadable)
        self._say_unreadable()
        self._say_status(busy)

    def _say_unreadable(self) -> None:
        part = self._unsaid[:MOST_PER_MESSAGE]
        if part and self._talk.send(UnreadableImages(epoch=self._talk.epoch, images=part)):
            del self._unsaid[: len(part)]

    def _say_status(self, busy: bool) -> None:
        counts = self._pool.counts()
        self.state = self._state(counts.embedded < counts.images, busy)
        space = self._pool.space
        status = TrainerStatus(
            epoch=self._talk.epoch,
            state=self.state,
            applied_seq=self._talk.checkpoint.book.applied_seq,
            model_version=self._talk.checkpoint.model.version,
            embedded=counts.embedded,
            pool=counts.images,
            backbone="" if space is None else f"{space.info.name}, {space.info.image_size} px",
            slow=self._slow_is_on(),
        )
        now = self._clock()
        if status != self._said and now - self._said_at >= EVERY_S and self._talk.send(status):
            self._said, self._said_at = status, now

    def _state(self, embedding: bool, busy: bool) -> TrainerState:
        if self._talk.session.state in BY_SESSION:
            return BY_SESSION[self._talk.session.state]
        if self._pool.space is None:
            return TrainerState.STARTING
        if embedding:
            return TrainerState.EMBEDDING
        return TrainerState.TRAINING if busy else TrainerState.WAITING
