"""Import, export, downloads, and the lists of the Data page."""

from __future__ import annotations

import io
from typing import BinaryIO

from flask import Blueprint, Response, request, send_file
from flask.typing import ResponseReturnValue

from labeler.downloads import Downloads
from labeler.exchange import Exchange
from labeler.formats import FORMATS, Format
from labeler.gallery import Gallery
from labeler.listing import Listing
from labeler.requests import AskAgainRequest
from labeler.routes.query import number_argument
from labeler.service import LabelingService
from shared.errors import InvalidInput
from shared.messages import Kind


def exchange_blueprint(
    exchange: Exchange, service: LabelingService, gallery: Gallery, listing: Listing, downloads: Downloads
) -> Blueprint:
    """Everything around labels that is not labelling."""
    blueprint = Blueprint("exchange", __name__)

    @blueprint.get("/api/export")
    def export() -> ResponseReturnValue:
        chosen = _format()
        stream = chosen.export(exchange.rows(), gallery.read_path)
        response = Response(stream, mimetype=chosen.mimetype)
        response.headers["Content-Disposition"] = f'attachment; filename="{chosen.filename}"'
        return response

    @blueprint.post("/api/import")
    def load() -> ResponseReturnValue:
        chosen, body = _format(), _body()
        from_folders = chosen.name == "imagefolder" and body is None
        if body is None and not from_folders:
            raise InvalidInput("the request has no file; send one as the body, or as form field `file`", "file")
        report = exchange.load(exchange.folder_names() if body is None else chosen.parse(body))
        return {
            "imported": report.imported,
            "unchanged": report.unchanged,
            "unknown_count": report.unknown_count,
            "unknown_images": report.unknown,
            "new_classes": report.new_classes,
        }

    @blueprint.get("/api/files")
    def files() -> ResponseReturnValue:
        after, limit = number_argument("after", 0), number_argument("limit", 50, 1, 1000)
        return listing.page(request.args.get("problem", ""), after, limit)

    @blueprint.post("/api/files/ask-again")
    def ask_again() -> ResponseReturnValue:
        return {"count": service.ask_again(Kind(AskAgainRequest.parse(request.get_json()).kind))}

    @blueprint.get("/api/downloads")
    def list_downloads() -> ResponseReturnValue:
        return {"downloads": downloads.list()}

    @blueprint.get("/api/downloads/<name>")
    def download(name: str) -> ResponseReturnValue:
        path, filename = downloads.open(name)
        return send_file(path, as_attachment=True, download_name=filename)

    return blueprint


def _format() -> Format:
    name = request.args.get("format", "")
    if name not in FORMATS:
        raise InvalidInput(f"format is {name[:40]!r}; expected one of {', '.join(FORMATS)}", "format")
    return FORMATS[name]


def _body() -> BinaryIO | None:
    if "file" in request.files:
        return request.files["file"].stream  # type: ignore[return-value]
    data = request.get_data()
    return io.BytesIO(data) if data else None
