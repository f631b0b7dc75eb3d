"""Images whose labels should be looked at again."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from labeler.reviewing import Reviewing
from labeler.routes.query import number_argument


def review_blueprint(reviewing: Reviewing) -> Blueprint:
    """`GET /api/review/holdout` and `GET /api/review/training?turn=N`; answers go to `POST /api/annotations`."""
    blueprint = Blueprint("review", __name__)

    @blueprint.get("/api/review/holdout")
    def holdout() -> ResponseReturnValue:
        return reviewing.holdout()

    @blueprint.get("/api/review/training")
    def training() -> ResponseReturnValue:
        return reviewing.training(number_argument("turn", 0))

    return blueprint
