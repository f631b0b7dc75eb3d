"""The map and the grid."""

from __future__ import annotations

import gzip
import ipaddress

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from labeler.grid import Grid
from labeler.map import Maps
from labeler.requests import MapImagesRequest
from labeler.routes.query import number_argument
from shared.asking import MAX_GRID

FAST = 1  # of gzip's levels; a map of 100,000 images shrinks by a third


def map_blueprint(maps: Maps, grid: Grid) -> Blueprint:
    """`GET /api/map`, `/api/map/changes`, `/api/grid`; `POST /api/map/images`."""
    blueprint = Blueprint("map", __name__)

    @blueprint.get("/api/map")
    def points() -> ResponseReturnValue:
        etag, body = maps.points(request.args.get("projection", "pca"))
        response = Response(mimetype="application/octet-stream")
        response.set_etag(etag)
        response.headers["Cache-Control"] = "private, no-cache"
        response.vary.add("Accept-Encoding")
        if request.if_none_match.contains(etag):
            response.status_code = 304
        elif _travels_far() and request.accept_encodings.best_match(["gzip"]):
            response.headers["Content-Encoding"] = "gzip"
            response.set_data(gzip.compress(body, FAST))
        else:
            response.set_data(body)
        return response

    @blueprint.get("/api/map/changes")
    def changes() -> ResponseReturnValue:
        return maps.changes(number_argument("after", 0))

    @blueprint.post("/api/map/images")
    def images() -> ResponseReturnValue:
        return maps.images(MapImagesRequest.parse(request.get_json()).numbers)

    @blueprint.get("/api/grid")
    def page() -> ResponseReturnValue:
        limit = number_argument("limit", 120, 1, MAX_GRID)
        return grid.page(request.args.get("class", ""), limit, request.args.get("client"))

    return blueprint


def _travels_far() -> bool:
    """Whether the answer leaves this machine: on it, packing takes longer than sending."""
    try:
        return not ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return True
