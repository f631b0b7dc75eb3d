"""SocketIOLink against a real Socket.IO server in another thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import socketio
from werkzeug.serving import BaseWSGIServer, make_server

from shared import events
from shared.messages import AnnotationBatch, Applied, Hello, PoolChanged, SessionNews, SessionState, Welcome
from tests.unit.trainer.conftest import batch_of, label_row, welcome_to
from tests.waiting import wait_for
from trainer.link import Inbox, Incoming, LinkDown, LinkUp, SocketIOLink

NS = events.TRAINER_NAMESPACE
TOKEN = "the right token"


class Server:
    """A labeler's end of the link; `answer` is what a Hello is answered with."""

    def __init__(self, port: int = 0) -> None:
        self.sio = socketio.Server(async_mode="threading")
        self.received: list[tuple[str, Any]] = []
        self.sids: list[str] = []
        self.answer: Any = welcome_to().wire()
        self.sio.on("connect", self._connect, namespace=NS)
        self.sio.on("*", self._any, namespace=NS)
        self.http: BaseWSGIServer = make_server("127.0.0.1", port, socketio.WSGIApp(self.sio), threaded=True)
        self.port = self.http.server_port
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def _connect(self, sid: str, environ: Any, auth: Any) -> bool:
        if auth != {"token": TOKEN}:
            raise socketio.exceptions.ConnectionRefusedError("wrong token")
        self.sids.append(sid)
        return True

    def _any(self, event: str, sid: str, data: Any) -> Any:
        self.received.append((event, data))
        return self.answer if event == events.HELLO else None

    def emit(self, event: str, data: Any) -> None:
        self.sio.emit(event, data, namespace=NS)

    def drop(self) -> None:
        self.sio.disconnect(self.sids[-1], namespace=NS)

    def close(self) -> None:
        self.sio.shutdown()
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def connect() -> Iterator[Callable[..., SocketIOLink]]:
    links = []

    def begin(port: int, token: str = TOKEN, answer_s: float = 15.0) -> SocketIOLink:
        link = SocketIOLink(f"http://127.0.0.1:{port}", lambda: token, retry_s=0.05, answer_s=answer_s)
        links.append(link)
        link.start()
        return link

    yield begin
    for link in links:
        link.close()


def hello() -> Hello:
    return Hello(protocol=1, log_id=None, applied_seq=0, model_version=0)


def until(link: SocketIOLink, kind: type, seen: list[Incoming] | None = None) -> Any:
    """The first message of a type, hello being said whenever a connection comes up."""
    taken: list[Incoming] = [] if seen is None else seen

    def found() -> Any:
        for message in link.receive(0.05):
            taken.append(message)
            if isinstance(message, LinkUp):
                link.send(hello())
        return next((message for message in taken if isinstance(message, kind)), None)

    return wait_for(found, kind.__name__)


def test_hello_is_answered_by_a_welcome(server: Server, connect: Callable[..., SocketIOLink]) -> None:
    link = connect(server.port)
    assert until(link, Welcome) == welcome_to()
    assert link.connected
    assert server.received[0] == ("hello", hello().wire())


def test_messages_arrive_typed_and_in_order(server: Server, connect: Callable[..., SocketIOLink]) -> None:
    link = connect(server.port)
    until(link, Welcome)
    sent = [PoolChanged(last=i) for i in range(100)]
    for message in sent:
        server.emit(events.POOL_CHANGED, message.wire())
    server.emit(events.ANNOTATIONS, batch_of([label_row(1, 5)]).wire())
    seen: list[Incoming] = []
    assert until(link, AnnotationBatch, seen) == batch_of([label_row(1, 5)])
    assert [m for m in seen if isinstance(m, PoolChanged)] == sent


def test_a_malformed_message_is_dropped_and_the_next_one_arrives(
    server: Server, connect: Callable[..., SocketIOLink], caplog: pytest.LogCaptureFixture
) -> None:
    link = connect(server.port)
    until(link, Welcome)
    for nonsense in (None, 7, "text", {}, [1], {"state": "dancing"}, {"state": "paused", "more": 1}):
        server.emit(events.SESSION, nonsense)
    server.emit(events.SESSION, SessionNews(state=SessionState.PAUSED).wire())
    assert until(link, SessionNews).state is SessionState.PAUSED
    assert "dropped a message" in caplog.text


def test_what_is_sent_arrives(server: Server, connect: Callable[..., SocketIOLink]) -> None:
    link = connect(server.port)
    until(link, Welcome)
    assert link.send(Applied(epoch=1, seq=3))
    wait_for(lambda: ("applied", {"epoch": 1, "seq": 3}) in server.received, "the message")


def test_the_labeler_may_start_later(connect: Callable[..., SocketIOLink]) -> None:
    first = Server()
    port = first.port
    first.close()
    link = connect(port)
    assert not link.send(hello())
    assert not link.connected
    second = wait_for(lambda: server_at(port), "the port, which the link's own attempts may hold for a moment")
    try:
        until(link, Welcome)
    finally:
        second.close()


def server_at(port: int) -> Server | None:
    """A server there; None while the port is in use (werkzeug says so by SystemExit)."""
    try:
        return Server(port)
    except (OSError, SystemExit):
        return None


def test_a_lost_connection_is_said_and_made_again(server: Server, connect: Callable[..., SocketIOLink]) -> None:
    link = connect(server.port)
    until(link, Welcome)
    server.drop()
    until(link, LinkDown)
    until(link, Welcome)
    assert len(server.sids) == 2


def test_a_wrong_token_is_said_once_and_tried_on(
    server: Server, connect: Callable[..., SocketIOLink], caplog: pytest.LogCaptureFixture
) -> None:
    connect(server.port, token="wrong")
    wait_for(lambda: "wrong token" in caplog.text, "the complaint")
    assert server.sids == []


def test_a_refused_hello_is_said_and_tried_again(
    server: Server, connect: Callable[..., SocketIOLink], caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = {"error": "protocol 9 is not spoken here"}
    link = connect(server.port)
    until(link, LinkUp)
    until(link, LinkUp)
    assert "protocol 9 is not spoken here" in caplog.text
    server.answer = welcome_to().wire()
    until(link, Welcome)


@pytest.mark.parametrize("answer", [{"epoch": "x"}, None, 5])
def test_an_answer_that_cannot_be_read_is_said(
    answer: Any, server: Server, connect: Callable[..., SocketIOLink], caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = answer
    link = connect(server.port, answer_s=0.5)
    until(link, LinkUp)
    until(link, LinkDown)
    assert "cannot be read" in caplog.text or "did not answer" in caplog.text


def test_closing_ends_the_thread(server: Server, connect: Callable[..., SocketIOLink]) -> None:
    link = connect(server.port)
    until(link, Welcome)
    link.close()
    assert not link.connected
    assert not [thread for thread in threading.enumerate() if thread is link._thread]


def test_an_overflowing_inbox_begins_the_conversation_again() -> None:
    inbox = Inbox(size=5)
    for i in range(6):
        inbox.put(PoolChanged(last=i))
    assert inbox.take(0) == [LinkUp()]


def test_an_empty_inbox_gives_nothing() -> None:
    assert Inbox().take(0) == []
    assert Inbox().take(0.01) == []
