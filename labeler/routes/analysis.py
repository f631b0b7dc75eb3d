"""Prediction analysis on the hold-out, and images to look at again."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from labeler.analyst import Analyst
from labeler.routes.query import number_argument
from shared.errors import InvalidInput

MOST_VERSIONS = 200
MOST_CLASSES = 1000


def analysis_blueprint(analyst: Analyst) -> Blueprint:
    """`GET /api/analysis…`; versions by number, classes by name, either as often as wanted."""
    blueprint = Blueprint("analysis", __name__)

    @blueprint.get("/api/analysis")
    def tables() -> ResponseReturnValue:
        return analyst.tables(_versions())

    @blueprint.get("/api/analysis/curves")
    def curves() -> ResponseReturnValue:
        return analyst.curves(_versions(), request.args.getlist("class")[:MOST_CLASSES])

    @blueprint.get("/api/analysis/compare")
    def compare() -> ResponseReturnValue:
        return analyst.compare(number_argument("first", 0), number_argument("second", 0))

    @blueprint.get("/api/analysis/predictions")
    def predictions() -> ResponseReturnValue:
        return analyst.predictions(number_argument("version", 0))

    @blueprint.get("/api/analysis/images")
    def images() -> ResponseReturnValue:
        label, prediction = request.args.get("label"), request.args.get("prediction")
        cell = None if label is None or prediction is None else (label, prediction)
        return analyst.images(request.args.get("kind", ""), _versions(), cell)

    return blueprint


def _versions() -> list[int]:
    """The versions asked for, each once. Raises InvalidInput for none, for too many, and for what is no number."""
    given = list(dict.fromkeys(request.args.getlist("version")))
    if not 0 < len(given) <= MOST_VERSIONS:
        raise InvalidInput(f"got {len(given)} versions; expected 1 to {MOST_VERSIONS}", "version")
    for raw in given:
        if not (raw.isascii() and raw.isdigit() and len(raw) < 16):
            raise InvalidInput(f"version is {raw[:40]!r}; expected a number of GET /api/versions", "version")
    return [int(raw) for raw in given]
