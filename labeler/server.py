"""The HTTP server: one thread per connection, in this process, so that a kill leaves nothing behind."""

from __future__ import annotations

import socket

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from shared.config import Server
from shared.errors import StartRefused


class _Handler(WSGIRequestHandler):
    disable_nagle_algorithm = True
    timeout = 75

    def run_wsgi(self) -> None:
        """Serve one request; what follows on a connection that was a websocket is no further request."""
        super().run_wsgi()
        self.close_connection = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are not logged."""


def make_server(config: Server, app: Flask) -> ThreadedWSGIServer:
    """A server bound to the configured address. Raises StartRefused where that is not possible."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        listener = socket.create_server((config.host, config.port), family=family, backlog=128)
    except OSError as error:
        raise StartRefused(
            f"cannot listen on {config.host}:{config.port}: {error.strerror}; choose another port by --port"
        ) from error
    with listener:
        server = ThreadedWSGIServer(config.host, config.port, app, _Handler, fd=listener.fileno())
    server.daemon_threads = True
    return server
