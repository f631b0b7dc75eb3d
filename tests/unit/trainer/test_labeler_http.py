from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from shared.errors import ProtocolError
from trainer.labeler_http import LabelerHttp, LabelerUnreachable

ROW = {
    "number": 0,
    "image_id": "ab",
    "content_hash": "0" * 32,
    "lane": "train",
    "path": "caf\udce9.png",
    "width": 3,
    "height": 4,
    "removed": False,
    "change": 5,
}


class Handler(BaseHTTPRequestHandler):
    body: Any = b""
    status = 200
    seen: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers.get("Authorization")))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def handler() -> type[Handler]:
    return type("Fresh", (Handler,), {"seen": []})


@pytest.fixture
def labeler(handler: type[Handler]) -> Iterator[LabelerHttp]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield LabelerHttp(f"http://127.0.0.1:{server.server_port}/", lambda: "secret")
    server.shutdown()
    server.server_close()


def test_a_page_of_the_pool(labeler: LabelerHttp, handler: type[Handler]) -> None:
    handler.body = json.dumps({"images": [ROW], "last": 9}).encode()
    page = labeler.pool(4, 100)
    assert (page.images[0].path, page.images[0].change, page.last) == ("caf\udce9.png", 5, 9)
    assert handler.seen == [("/api/pool?after=4&limit=100", "Bearer secret")]


@pytest.mark.parametrize(
    "change",
    [
        {"number": -1},
        {"number": 10**12},
        {"content_hash": "../../etc"},
        {"lane": "query"},
        {"path": None},
        {"change": "x"},
    ],
)
def test_a_row_that_makes_no_sense_is_refused(
    labeler: LabelerHttp, handler: type[Handler], change: dict[str, object]
) -> None:
    handler.body = json.dumps({"images": [ROW | change], "last": 9}).encode()
    with pytest.raises(ProtocolError, match=next(iter(change))):
        labeler.pool(0)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"7"])
def test_an_answer_that_is_no_page_is_refused(labeler: LabelerHttp, handler: type[Handler], body: bytes) -> None:
    handler.body = body
    with pytest.raises(ProtocolError):
        labeler.pool(0)


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_an_error_is_said(labeler: LabelerHttp, handler: type[Handler], status: int) -> None:
    handler.status = status
    with pytest.raises(LabelerUnreachable, match=str(status)):
        labeler.pool(0)
    with pytest.raises(LabelerUnreachable, match=str(status)):
        labeler.image("ab")


def test_bytes_of_an_image_and_of_one_that_is_gone(labeler: LabelerHttp, handler: type[Handler]) -> None:
    handler.body = b"bytes"
    assert labeler.image("ab") == b"bytes"
    assert handler.seen == [("/images/ab", "Bearer secret")]
    handler.status = 404
    assert labeler.image("ab") is None


def test_nobody_there() -> None:
    with pytest.raises(LabelerUnreachable):
        LabelerHttp("http://127.0.0.1:9", lambda: "secret").pool(0)


MASK = {"number": 3, "image_id": "ab", "width": 4, "height": 5, "change": 7, "painted": True, "time": 1.5}


def test_masks_are_asked_for_by_their_change(labeler: LabelerHttp, handler: type[Handler]) -> None:
    handler.body = json.dumps({"masks": [MASK], "last": 7}).encode()
    page = labeler.masks(6, 10)
    assert (page.masks[0].number, page.masks[0].painted, page.last) == (3, True, 7)
    handler.body = b"png"
    assert labeler.mask("ab") == b"png"
    assert handler.seen == [("/api/masks?after=6&limit=10", "Bearer secret"), ("/api/masks/ab", "Bearer secret")]
    handler.status = 404
    assert labeler.mask("ab") is None


@pytest.mark.parametrize("change", [{"number": -1}, {"width": 0}, {"painted": None}, {"change": "x"}])
def test_a_mask_that_makes_no_sense_is_refused(
    labeler: LabelerHttp, handler: type[Handler], change: dict[str, object]
) -> None:
    handler.body = json.dumps({"masks": [MASK | change], "last": 7}).encode()
    with pytest.raises(ProtocolError, match=next(iter(change))):
        labeler.masks(0)
    handler.body = b"<html>"
    with pytest.raises(ProtocolError):
        labeler.masks(0)
