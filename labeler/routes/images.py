"""Images by opaque id. The id is the content's hash, so what is served may be kept for ever."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request

from labeler.gallery import Gallery
from shared.errors import InvalidInput

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
        data, mimetype = gallery.show(image_id, _size())
        response = Response(data, mimetype=mimetype)
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
        return response

    return blueprint


def _size() -> int | None:
    raw = request.args.get("size")
    if raw is None:
        return None
    if not raw.isdecimal() or not MIN_SIZE <= int(raw) <= MAX_SIZE:
        raise InvalidInput(f"size is {raw[:40]!r}; expected a number of pixels from {MIN_SIZE} to {MAX_SIZE}", "size")
    return int(raw)
