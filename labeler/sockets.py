"""Socket.IO: news for the browsers, the link for the trainer."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from flask import request
from flask_socketio import ConnectionRefusedError as Refused
from flask_socketio import Namespace, SocketIO, disconnect, emit

from labeler.board import Board, Topic
from labeler.desk import TrainerDesk
from labeler.security import Guard
from labeler.views import Views
from shared import events
from shared.errors import LabelstreamError, ProtocolError
from shared.messages import (
    Applied,
    Finished,
    Hello,
    MetricsReport,
    PoolChanged,
    Ranking,
    Resend,
    SlowReport,
    StopReached,
    TrainerStatus,
    UnreadableImages,
)
from shared.versions import VersionReport, VersionsKept
from shared.web import same_secret
from shared.wire import Message

log = logging.getLogger(__name__)
M = TypeVar("M", bound=Message)
STATE_INTERVAL_S = 0.25


class BrowserNamespace(Namespace):  # type: ignore[misc]
    """Where browsers listen. They ask over HTTP; here they are only told."""

    def __init__(self, guard: Guard, views: Views) -> None:
        super().__init__(events.BROWSER_NAMESPACE)
        self._guard = guard
        self._views = views

    def on_connect(self, auth: object = None) -> None:
        """Let in who may see the page, and say how things stand."""
        if not self._guard.is_user(request.environ):
            raise Refused("this labeler asks for its token")
        emit(events.STATE, self._views.state())


class TrainerNamespace(Namespace):  # type: ignore[misc]
    """The labeler's end of the link. One trainer counts: the one that said hello last."""

    def __init__(self, token: str, desk: TrainerDesk) -> None:
        super().__init__(events.TRAINER_NAMESPACE)
        self._token = token
        self._desk = desk
        self._epochs: dict[str, int] = {}
        self.current: str | None = None

    def on_connect(self, auth: object = None) -> None:
        """Let in who knows the token of data/tokens/trainer."""
        given = auth.get("token") if isinstance(auth, dict) else None
        if not same_secret(given if isinstance(given, str) else None, self._token):
            raise Refused("the trainer's token is wrong; both services must use the same data folder")

    def on_disconnect(self, reason: object = None) -> None:
        """Note that this trainer is away."""
        epoch = self._epochs.pop(_sid(), None)
        if epoch is not None:
            self._desk.lost(epoch)

    def on_hello(self, *payload: object) -> dict[str, Any]:
        """Begin an epoch; the answer says from where the log follows."""
        try:
            welcome = self._desk.welcome(Hello.parse(_only(payload)))
        except ProtocolError as error:
            return {"error": str(error)}
        before, self.current = self.current, _sid()
        self._epochs[_sid()] = welcome.epoch
        if before and before != _sid() and before in self._epochs:
            disconnect(before, namespace=self.namespace)
        if self._desk.steering() != welcome.steering:  # changed while nobody could be told
            self.tell(events.STEERING, self._desk.steering())
        return welcome.wire()

    def on_applied(self, *payload: object) -> None:
        """A batch was applied."""
        self._pass(Applied, payload, self._desk.applied)

    def on_resend(self, *payload: object) -> None:
        """The trainer misses rows."""
        self._pass(Resend, payload, self._desk.resend)

    def on_ranking(self, *payload: object) -> None:
        """A new order."""
        self._pass(Ranking, payload, self._desk.ranking)

    def on_metrics_report(self, *payload: object) -> None:
        """A new evaluation."""
        self._pass(MetricsReport, payload, self._desk.metrics)

    def on_status(self, *payload: object) -> None:
        """What the trainer does."""
        self._pass(TrainerStatus, payload, self._desk.status)

    def on_slow(self, *payload: object) -> None:
        """How far the slow loop has come."""
        self._pass(SlowReport, payload, self._desk.slow)

    def on_version(self, *payload: object) -> None:
        """A version of the model."""
        self._pass(VersionReport, payload, self._desk.version)

    def on_versions_kept(self, *payload: object) -> None:
        """Which versions can still be used."""
        self._pass(VersionsKept, payload, self._desk.versions_kept)

    def on_unreadable(self, *payload: object) -> None:
        """Images that cannot be decoded."""
        self._pass(UnreadableImages, payload, self._desk.unreadable)

    def on_stop_reached(self, *payload: object) -> None:
        """The stop rule is met."""
        self._pass(StopReached, payload, self._desk.stop_reached)

    def on_finished(self, *payload: object) -> None:
        """Model and predictions are on disk."""
        self._pass(Finished, payload, self._desk.finished)

    def tell(self, event: str, message: Message) -> None:
        """Hand a message to the trainer that counts; from any thread."""
        if self.current:
            self.emit(event, message.wire(), room=self.current)

    def _pass(self, kind: type[M], payload: tuple[object, ...], handle: Callable[[M], None]) -> None:
        if _sid() not in self._epochs:
            return
        try:
            handle(kind.parse(_only(payload)))
        except LabelstreamError as error:
            log.warning("dropped a message of the trainer: %s", error)


class Herald:
    """Two threads that carry news out: the log to the trainer, the state to the browsers."""

    def __init__(self, socketio: SocketIO, board: Board, desk: TrainerDesk, views: Views, trainer: TrainerNamespace):
        self._socketio = socketio
        self._board = board
        self._desk = desk
        self._views = views
        self._trainer = trainer
        self._log_news = threading.Event()
        self._topics: queue.SimpleQueue[Topic] = queue.SimpleQueue()
        self._stop = threading.Event()
        board.subscribe(self._note)

    def start(self) -> None:
        """Begin to carry news."""
        for run in (self._carry_log, self._carry_pages):
            threading.Thread(target=run, name=run.__name__.strip("_"), daemon=True).start()

    def stop(self) -> None:
        """End both threads."""
        self._stop.set()
        self._log_news.set()
        self._topics.put(Topic.STATE)

    def _note(self, topic: Topic) -> None:
        self._topics.put(topic)
        if topic is Topic.LOG:
            self._log_news.set()

    def _carry_log(self) -> None:
        while not self._stop.is_set():
            due = self._desk.next_batch()
            if isinstance(due, Message):
                self._trainer.tell(events.ANNOTATIONS, due)
            else:
                self._log_news.wait(due)
                self._log_news.clear()

    def _carry_pages(self) -> None:
        next_state = 0.0
        waiting: set[Topic] = set()
        while not self._stop.is_set():
            pause = max(next_state - time.monotonic(), 0.0) if Topic.STATE in waiting else None
            waiting |= self._collect(pause)
            now = time.monotonic()
            due = waiting if now >= next_state else waiting - {Topic.STATE}
            self._tell_trainer(due)
            self._tell_browsers(due)
            if Topic.STATE in due:
                next_state = now + STATE_INTERVAL_S
            waiting -= due

    def _collect(self, timeout: float | None) -> set[Topic]:
        topics: set[Topic] = set()
        with contextlib.suppress(queue.Empty):
            topics.add(self._topics.get(timeout=timeout))
            while True:
                topics.add(self._topics.get_nowait())
        return topics

    def _tell_trainer(self, topics: set[Topic]) -> None:
        if Topic.SESSION in topics:
            self._trainer.tell(events.SESSION, self._board.session)
        if Topic.SETTINGS in topics:
            self._trainer.tell(events.STEERING, self._desk.steering())
        if Topic.POOL in topics:
            self._trainer.tell(events.POOL_CHANGED, PoolChanged(last=self._views.last_change()))

    def _tell_browsers(self, topics: set[Topic]) -> None:
        news = {
            Topic.QUEUE: (events.QUEUE, self._views.queue),
            Topic.METRICS: (events.METRICS, self._views.newest_metrics),
            Topic.TRAINER: (events.TRAINER, self._views.trainer),
            Topic.STATE: (events.STATE, self._views.state),
            Topic.VERSIONS: (events.VERSIONS, self._views.newest_version),
        }
        for topic, (event, render) in news.items():
            if topic in topics:
                self._socketio.emit(event, render())


def _sid() -> str:
    return str(request.sid)  # type: ignore[attr-defined]


def _only(payload: tuple[object, ...]) -> object:
    return payload[0] if len(payload) == 1 else payload
