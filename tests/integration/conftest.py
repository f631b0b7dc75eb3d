"""A labeler on a real port, and clients that talk to it as a trainer or a browser would."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import socketio

from labeler import create_app
from labeler.database import Database
from labeler.server import make_server
from shared import events
from shared.config import load_config
from shared.events import PROTOCOL_VERSION
from tests.unit.labeler.conftest import finding
from tests.waiting import wait_for

TOKEN = "the-link-token-of-the-tests"


class Server:
    """A labeler that serves on a free port until `stop`."""

    def __init__(self, folder: Path, port: int = 0, **settings: object) -> None:
        flags = {
            "paths.data": folder,
            "paths.images": folder,
            "server.port": port,
            "classes": ["cat", "dog"],
            **settings,
        }
        self.config = load_config(environ={}, flags=flags)
        self.database = Database(folder / "labelstream.db")
        self.labeler = create_app(self.config, self.database, TOKEN)
        self._http = make_server(self.config.server, self.labeler.app)
        self.port = self._http.port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()
        self.labeler.herald.start()

    def find(self, count: int) -> None:
        self.labeler.catalog.progress(count, 0, False)
        self.labeler.catalog.found([finding(f"{i}.png".encode()) for i in range(count)])
        self.labeler.catalog.progress(count, count, True)

    def stop(self) -> None:
        self.labeler.herald.stop()
        self._http.shutdown()
        self._http.server_close()
        self.database.close()

    def label_next(self, label: str, client: str = "tab") -> int:
        task = requests.post(f"{self.url}/api/leases", json={"client": client, "count": 1}, timeout=10).json()["tasks"][
            0
        ]
        body = {"annotation_id": task["image_id"], "image_id": task["image_id"], "kind": "label", "label": label}
        return int(requests.post(f"{self.url}/api/annotations", json=body, timeout=10).json()["seq"])

    def state(self) -> Any:
        return requests.get(f"{self.url}/api/state", timeout=10).json()


@dataclass
class Peer:
    """A bare Socket.IO client that keeps what it is told."""

    client: socketio.Client = field(default_factory=lambda: socketio.Client(reconnection=False))
    received: list[tuple[str, Any]] = field(default_factory=list)

    def connect(self, url: str, namespace: str, **kwargs: Any) -> Peer:
        self.client.on("*", lambda event, data: self.received.append((event, data)), namespace=namespace)
        self.client.connect(url, namespaces=[namespace], transports=["websocket"], wait_timeout=10, **kwargs)
        return self

    def all(self, event: str) -> list[Any]:
        return [data for name, data in list(self.received) if name == event]

    def wait(self, event: str, count: int = 1) -> list[Any]:
        wait_for(lambda: len(self.all(event)) >= count, f"{count} × {event}")
        return self.all(event)


@dataclass
class FakeTrainer(Peer):
    """Speaks the link's protocol by hand."""

    epoch: int = 0

    def join(self, server: Server, log_id: str | None = None, applied: int = 0, token: str = TOKEN) -> Any:
        self.connect(server.url, events.TRAINER_NAMESPACE, auth={"token": token})
        hello = {"protocol": PROTOCOL_VERSION, "log_id": log_id, "applied_seq": applied, "model_version": 0}
        welcome = self.client.call(events.HELLO, hello, namespace=events.TRAINER_NAMESPACE, timeout=10)
        self.epoch = welcome.get("epoch", 0)
        return welcome

    def send(self, event: str, **payload: object) -> None:
        self.client.emit(event, {"epoch": self.epoch, **payload}, namespace=events.TRAINER_NAMESPACE)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(**settings: object) -> Server:
        servers.append(Server(tmp_path, **settings))  # type: ignore[arg-type]
        return servers[-1]

    yield start
    servers[-1].stop()


@pytest.fixture
def peers() -> Iterator[Callable[[Peer], Any]]:
    made: list[Peer] = []

    def keep(peer: Peer) -> Peer:
        made.append(peer)
        return peer

    yield keep
    for peer in made:
        peer.client.disconnect()
