"""What the dashboard asks beside state and metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from labeler.analyst import Analyst
from labeler.dashboard import Dashboard
from shared.config import Threshold
from shared.errors import InvalidInput


def dashboard_blueprint(
    dashboard: Dashboard, analyst: Analyst, thresholds: Callable[[], Mapping[str, Threshold]]
) -> Blueprint:
    """`GET /api/dashboard` and `GET /api/dashboard/history?since=S&until=S`, in seconds since the epoch."""
    blueprint = Blueprint("dashboard", __name__)

    @blueprint.get("/api/dashboard")
    def view() -> ResponseReturnValue:
        return {**dashboard.view(thresholds()), "present": analyst.present()}

    @blueprint.get("/api/dashboard/history")
    def history() -> ResponseReturnValue:
        return {"history": dashboard.history(_seconds("since", 0.0), _seconds("until", 1e11))}

    return blueprint


def _seconds(name: str, default: float) -> float:
    """A time given as `name`. Raises InvalidInput."""
    raw = request.args.get(name, "")
    try:
        value = float(raw[:40]) if raw else default
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1e11:
        raise InvalidInput(f"{name} is {raw[:40]!r}; expected seconds since the epoch", name)
    return value
