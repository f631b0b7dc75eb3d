"""Images by opaque id. The id is the content's hash, so what is served may be kept for ever."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response

from labeler.gallery import Gallery
from labeler.routes.query import number_argument

MIN_SIZE, MAX_SIZE = 16, 4096


def images_blueprint(gallery: Gallery, is_trainer: Callable[[], bool]) -> Blueprint:
    """`GET /images/<image_id>[?size=N]`: upright, longest side at most N pixels.

    The trainer gets the file's own bytes, whose hash it knows.
    """
    blueprint = Blueprint("images", __name__)

    @blueprint.get("/images/<image_id>")
    def image(image_id: str) -> Response:
        if is_trainer():
            return Response(gallery.read(image_id), mimetype="application/octet-stream")
        data, mimetype = gallery.show(image_id, number_argument("size", 0, MIN_SIZE, MAX_SIZE) or None)
        response = Response(data, mimetype=mimetype)
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
        return response

    return blueprint
