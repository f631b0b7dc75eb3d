"""The trainer's own HTTP service."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from flask import Blueprint, Flask, Response
from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.exceptions import NotFound
from werkzeug.serving import BaseWSGIServer, make_server

from shared.errors import StartRefused
from shared.messages import TrainerState
from shared.wire import Message
from trainer.service.guard import Guard
from trainer.service.routes import register_failures
from trainer.telemetry import Telemetry


class Health(Message):
    """The answer of `GET /healthz`."""

    status: str
    state: TrainerState
    applied_seq: int
    model_version: int


def create_api(
    health: Callable[[], Health],
    calls: Blueprint | None = None,
    telemetry: Telemetry | None = None,
    guard: Guard | None = None,
) -> Flask:
    """The application; `health` is asked at every request. calls: see trainer.service. guard: None lets all in."""
    app = Flask("trainer", static_folder=None)
    register_failures(app)
    if calls is not None:
        app.register_blueprint(calls)
    if guard is not None:
        app.wsgi_app = guard.wrap(app.wsgi_app)  # type: ignore[assignment, method-assign]

    @app.get("/healthz")
    def healthz() -> dict[str, object]:
        return health().wire()

    @app.get("/metrics")
    def metrics() -> Response:
        if telemetry is None:
            raise NotFound
        return Response(telemetry.text(), mimetype="text/plain", headers={"Content-Type": CONTENT_TYPE_LATEST})

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
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise StartRefused(
            f"the trainer cannot listen on {host}:{port}: {error}; is another one running? Stop it, or set "
            "trainer.port (or --port) to a free port"
        ) from error
    return listening, make_server(host, port, app, threaded=True, fd=listening.fileno())
