"""The run as one HTML file, to be saved."""

from __future__ import annotations

import threading
from collections.abc import Callable

from flask import Blueprint, Response

from shared.errors import Conflict

FILE_NAME = "labelstream-report.html"


def report_blueprint(make: Callable[[], bytes]) -> Blueprint:
    """`GET /api/report`, one at a time: it takes a thread for seconds."""
    blueprint, making = Blueprint("report", __name__), threading.Lock()

    @blueprint.get("/api/report")
    def report() -> Response:
        if not making.acquire(blocking=False):
            raise Conflict("a report is being made already; ask again in a few seconds")
        try:
            disposition = f'attachment; filename="{FILE_NAME}"'
            return Response(make(), mimetype="text/html", headers={"Content-Disposition": disposition})
        finally:
            making.release()

    return blueprint
