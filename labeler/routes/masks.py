"""Masks painted on images: what a page paints, what the trainer reads."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from labeler.masks import Masks
from labeler.routes.query import number_argument
from shared.errors import InvalidInput
from shared.masks import MAX_BYTES

MOST_CHARACTERS = 80  # of a person's name


def masks_blueprint(masks: Masks) -> Blueprint:
    """`GET /api/masks`, and per image `GET|PUT|DELETE /api/masks/<image_id>`, `GET …/info`."""
    blueprint = Blueprint("masks", __name__)

    @blueprint.get("/api/masks")
    def changed() -> ResponseReturnValue:
        after, limit = number_argument("after", 0), number_argument("limit", 1000, 1, 10_000)
        return {"masks": masks.changed(after, limit), "last": masks.last_change()}

    @blueprint.get("/api/masks/<image_id>/info")
    def info(image_id: str) -> ResponseReturnValue:
        return masks.view(image_id)

    @blueprint.get("/api/masks/<image_id>")
    def show(image_id: str) -> ResponseReturnValue:
        response = Response(masks.png(image_id), mimetype="image/png")
        response.headers["Cache-Control"] = "no-store"
        return response

    @blueprint.put("/api/masks/<image_id>")
    def keep(image_id: str) -> ResponseReturnValue:
        if (request.content_length or 0) > MAX_BYTES:
            raise InvalidInput(
                f"the mask has {request.content_length:,} bytes; at most {MAX_BYTES:,} are taken", "mask"
            )
        return masks.keep(image_id, request.get_data(), _person())

    @blueprint.delete("/api/masks/<image_id>")
    def clear(image_id: str) -> ResponseReturnValue:
        return masks.clear(image_id, _person())

    return blueprint


def _person() -> str:
    """Who paints. Raises InvalidInput."""
    person = request.args.get("annotator", "")
    if len(person) > MOST_CHARACTERS:
        raise InvalidInput(f"annotator has {len(person)} characters; expected at most {MOST_CHARACTERS}", "annotator")
    return person
