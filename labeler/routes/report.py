"""The run as one HTML file, to be saved."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response

FILE_NAME = "labelstream-report.html"


def report_blueprint(make: Callable[[], bytes]) -> Blueprint:
    """`GET /api/report`."""
    blueprint = Blueprint("report", __name__)

    @blueprint.get("/api/report")
    def report() -> Response:
        disposition = f'attachment; filename="{FILE_NAME}"'
        return Response(make(), mimetype="text/html", headers={"Content-Disposition": disposition})

    return blueprint
