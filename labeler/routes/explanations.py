"""What the model looks at, as pages ask for it."""

from __future__ import annotations

import json

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from labeler.explanations import MOST_PX, Explanations, Wish
from labeler.routes.query import number_argument
from shared.errors import InvalidInput

MIN_PX = 16


def explanations_blueprint(explanations: Explanations) -> Blueprint:
    """`GET /api/explanations`, `/api/explanations/<image_id>`, `/api/explanations/<image_id>/image`."""
    blueprint = Blueprint("explanations", __name__)

    @blueprint.get("/api/explanations")
    def methods() -> ResponseReturnValue:
        return explanations.methods()

    @blueprint.get("/api/explanations/<image_id>")
    def saliency(image_id: str) -> ResponseReturnValue:
        data, facts = explanations.map(image_id, _wish(), number_argument("size", 0, MIN_PX, MOST_PX) or None)
        response = Response(data, mimetype="image/png")
        response.headers["X-Explanation"] = json.dumps(facts)
        response.headers["Cache-Control"] = "no-store"
        return response

    @blueprint.get("/api/explanations/<image_id>/image")
    def image(image_id: str) -> ResponseReturnValue:
        return explanations.image(image_id)

    return blueprint


def _wish() -> Wish:
    """What is asked for. Raises InvalidInput without a method."""
    method = request.args.get("method", "")
    if not method:
        raise InvalidInput("no method is given; GET /api/explanations lists them, for example method=gradcam", "method")
    return Wish(
        method=method,
        label=request.args.get("class"),
        version=number_argument("version", 0) if "version" in request.args else None,
        layer=request.args.get("layer"),
        shifted=request.args.get("shifted") == "1",
    )
