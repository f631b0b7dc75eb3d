"""The trainer's own HTTP service."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

from shared.errors import StartRefused
from shared.messages import Message, TrainerState


class Health(Message):
    """The answer of `GET /healthz`."""

    status: str
    state: TrainerState
    applied_seq: int
    model_version: int


def create_api(health: Callable[[], Health]) -> Flask:
    """The application; `health` is asked at every request."""
    app = Flask("trainer", static_folder=None)

    @app.get("/healthz")
    def healthz() -> dict[str, object]:
        return health().wire()

    return app


class ApiServer:
    """Serves an application from a thread. Raises StartRefused where the port is taken."""

    def __init__(self, app: Flask, host: str, port: int) -> None:
        self._socket, self._server = _bind(app, host, port)
        self._thread = threading.Thread(target=self._server.serve_forever, name="api", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Begin to answer, in the background."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()
        self._socket.close()


def _bind(app: Flask, host: str, port: int) -> tuple[socket.socket, BaseWSGIServer]:
    try:
        listening = socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        raise StartRefused(
            f"the trainer cannot listen on {host}:{port}: {error}; is another one running? Stop it, or set "
            "trainer.port (or --port) to a free port"
        ) from error
    return listening, make_server(host, port, app, threaded=True, fd=listening.fileno())
