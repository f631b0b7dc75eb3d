"""The way to the labeler: what the loop sees of it (TrainerLink) and its Socket.IO implementation."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any, Final, Protocol, TypeVar

import engineio
import socketio

from shared import events
from shared.asking import Ask
from shared.errors import LabelstreamError, ProtocolError
from shared.messages import (
    AnnotationBatch,
    Applied,
    Finished,
    Hello,
    MetricsReport,
    PoolChanged,
    Ranking,
    Resend,
    SessionNews,
    SlowReport,
    StopReached,
    TrainerStatus,
    UnreadableImages,
    Welcome,
)
from shared.steering import Steering
from shared.versions import VersionReport, VersionsKept
from shared.wire import Message

log = logging.getLogger(__name__)
M = TypeVar("M", bound=Message)

INBOX_SIZE: Final = 1_000


@dataclass(frozen=True, slots=True)
class LinkUp:
    """A connection stands; the labeler waits for a Hello."""


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The connection is gone; it is tried again without being asked."""


Incoming = LinkUp | LinkDown | Welcome | AnnotationBatch | SessionNews | PoolChanged | Steering
Outgoing = (
    Hello
    | Applied
    | Resend
    | Ranking
    | MetricsReport
    | TrainerStatus
    | SlowReport
    | UnreadableImages
    | StopReached
    | Finished
    | VersionReport
    | VersionsKept
)

INCOMING: Final[dict[str, type[AnnotationBatch] | type[SessionNews] | type[PoolChanged] | type[Steering]]] = {
    events.ANNOTATIONS: AnnotationBatch,
    events.SESSION: SessionNews,
    events.POOL_CHANGED: PoolChanged,
    events.STEERING: Steering,
}
OUTGOING: Final[dict[type[Message], str]] = {
    Hello: events.HELLO,
    Applied: events.APPLIED,
    Resend: events.RESEND,
    Ranking: events.RANKING,
    MetricsReport: events.METRICS_REPORT,
    TrainerStatus: events.STATUS,
    SlowReport: events.SLOW,
    UnreadableImages: events.UNREADABLE,
    StopReached: events.STOP_REACHED,
    Finished: events.FINISHED,
    VersionReport: events.VERSION,
    VersionsKept: events.VERSIONS_KEPT,
}


class TrainerLink(Protocol):
    """What the loop needs of a link. A message may be lost whenever the connection is; nothing rests on one."""

    @property
    def connected(self) -> bool:
        """Whether a connection stands."""

    def receive(self, timeout_s: float) -> list[Incoming]:
        """Everything that has come in, in order; waits up to `timeout_s` seconds for the first message."""

    def send(self, message: Outgoing) -> bool:
        """Hand a message over; False where there is no connection. The answer to a Hello arrives as a Welcome."""


class Inbox:
    """A bounded queue. What overflows it is like a broken connection: all is dropped, and hello is said again."""

    def __init__(self, size: int = INBOX_SIZE) -> None:
        self._queue: queue.Queue[Incoming] = queue.Queue(size)

    def put(self, message: Incoming) -> None:
        """Add a message; never blocks."""
        try:
            self._queue.put_nowait(message)
        except queue.Full:
            log.warning("more than %d unread messages; starting the conversation again", self._queue.maxsize)
            self.take(0)
            self._queue.put_nowait(LinkUp())

    def take(self, timeout_s: float) -> list[Incoming]:
        """All messages in order; waits up to `timeout_s` seconds for the first."""
        taken: list[Incoming] = []
        try:
            taken.append(self._queue.get(block=timeout_s > 0, timeout=timeout_s or None))
            while True:
                taken.append(self._queue.get_nowait())
        except queue.Empty:
            return taken


class SocketIOLink:
    """TrainerLink over Socket.IO; connects again for ever, whichever service is started first.

    url: the labeler's address. token: read anew for every attempt. retry_s: pause between attempts.
    answer_s: how long the answer to a Hello may take before the connection is given up. asked: takes what the pages
    ask, at once; it does not wait for the loop.
    """

    def __init__(
        self,
        url: str,
        token: Callable[[], str],
        retry_s: float = 1.0,
        answer_s: float = 15.0,
        asked: Callable[[Ask], None] = lambda _: None,
    ) -> None:
        self._url = url
        self._asked = asked
        self._token = token
        self._retry_s = retry_s
        self._answer_s = answer_s
        self._inbox = Inbox()
        self._closing = Event()
        self._gone = Event()
        self._welcomed = Event()
        self._client: Any = None
        self._complaint = ""
        self._refusal = ""
        self._thread = Thread(target=self._keep_connected, name="link", daemon=True)

    def start(self) -> None:
        """Begin to connect, in the background."""
        self._thread.start()

    @property
    def connected(self) -> bool:
        """Whether a connection stands."""
        return self._client is not None and not self._gone.is_set()

    def receive(self, timeout_s: float) -> list[Incoming]:
        """Everything that has come in, in order; waits up to `timeout_s` seconds for the first message."""
        return self._inbox.take(timeout_s)

    def send(self, message: Outgoing) -> bool:
        """Hand a message over; False where there is no connection."""
        client = self._client
        if client is None:
            return False
        answer = self._on_answer if isinstance(message, Hello) else None
        try:
            client.emit(OUTGOING[type(message)], message.wire(), namespace=events.TRAINER_NAMESPACE, callback=answer)
        except socketio.exceptions.SocketIOError:
            return False
        return True

    def close(self) -> None:
        """Hang up and stop connecting."""
        self._closing.set()
        self._gone.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _keep_connected(self) -> None:
        while not self._closing.is_set():
            try:
                self._converse(self._connect())
            except (socketio.exceptions.SocketIOError, LabelstreamError) as error:
                reason = self._refusal or str(error)
                self._complain(f"cannot reach the labeler at {self._url}: {reason}; trying on")
            except Exception:  # a library's surprise must not end this thread
                log.exception("the link to %s failed; trying on", self._url)
            self._closing.wait(self._retry_s)

    def _connect(self) -> Any:
        client = _OrderedClient(reconnection=False, handle_sigint=False)
        for event, message_type in INCOMING.items():
            client.on(event, self._handler(message_type, self._inbox.put), namespace=events.TRAINER_NAMESPACE)
        client.on(events.ASK, self._handler(Ask, self._asked), namespace=events.TRAINER_NAMESPACE)
        client.on("connect_error", self._on_refusal, namespace=events.TRAINER_NAMESPACE)
        client.on("disconnect", lambda *_: self._gone.set(), namespace=events.TRAINER_NAMESPACE)
        self._gone.clear()
        self._welcomed.clear()
        self._refusal = ""
        client.connect(
            self._url,
            auth={"token": self._token()},
            namespaces=[events.TRAINER_NAMESPACE],
            transports=["websocket"],
            wait_timeout=10,
        )
        return client

    def _converse(self, client: Any) -> None:
        """Stay until the connection is gone, or the labeler has left a Hello without an answer."""
        self._client = client
        self._complaint = ""
        self._inbox.put(LinkUp())
        log.info("connected to the labeler at %s", self._url)
        try:
            if not self._wait_for_welcome():
                self._complain(f"the labeler at {self._url} did not answer within {self._answer_s:g} s; trying again")
            else:
                self._gone.wait()
        finally:
            self._client = None
            Thread(target=client.disconnect, name="hang up", daemon=True).start()  # waits for the other side
            if not self._closing.is_set():
                self._inbox.put(LinkDown())
                log.info("the connection to the labeler is gone; trying on")

    def _wait_for_welcome(self) -> bool:
        waited = 0.0
        while not self._welcomed.wait(0.2):
            waited += 0.2
            if self._gone.is_set():
                return True
            if waited > self._answer_s:
                return False
        return True

    def _handler(self, message_type: type[M], take: Callable[[M], None]) -> Any:
        def receive(payload: object = None, *_: object) -> None:
            try:
                take(message_type.parse(payload))
            except ProtocolError as error:
                log.warning("dropped a message from the labeler: %s", error)

        return receive

    def _on_answer(self, payload: object = None, *_: object) -> None:
        if isinstance(payload, dict) and "error" in payload:
            self._complain(f"the labeler refused this trainer: {payload['error']}")
            self._gone.set()
            return
        try:
            self._inbox.put(Welcome.parse(payload))
            self._welcomed.set()
        except ProtocolError as error:
            self._complain(f"the labeler's answer cannot be read: {error}; are both of the same version?")
            self._gone.set()

    def _on_refusal(self, payload: object = None, *_: object) -> None:
        message = payload.get("message") if isinstance(payload, dict) else payload
        self._refusal = f"refused: {message}; both services must use the same data folder, or copy data/tokens/trainer"

    def _complain(self, text: str) -> None:
        """Say what is wrong once, not at every attempt."""
        if text != self._complaint:
            self._complaint = text
            log.warning("%s", text)


class _OrderedEngine(engineio.Client):  # type: ignore[misc]
    """Handles messages in order; the library would start a thread for each, and two may change places."""

    def _trigger_event(self, event: str, *args: Any, **kwargs: Any) -> Any:
        kwargs["run_async"] = False
        return super()._trigger_event(event, *args, **kwargs)


class _OrderedClient(socketio.Client):  # type: ignore[misc]
    def _engineio_client_class(self) -> type[engineio.Client]:
        return _OrderedEngine
