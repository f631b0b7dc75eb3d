"""Labels through a labeler that is at work, played by a small server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmarks.services import free_port
from labeler.datasets.archives import DatasetError
from labeler.datasets.importing import import_labels, import_through
from labeler.lock import folder_lock
from shared.config import Config, load_config

TOKEN = "a secret of the tests"


@dataclass
class Played:
    """A labeler that has not found so many images, one number per request, the last one from then on."""

    missing: list[int] = field(default_factory=lambda: [0])
    status: int = 200
    body: bytes | None = None
    got: list[tuple[str, bytes]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def labeler() -> Iterator[Played]:
    played = Played()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            played.got.append((self.headers.get("Authorization", ""), data))
            missing = played.missing.pop(0) if len(played.missing) > 1 else played.missing[0]
            body = played.body or json.dumps({"unknown_count": missing}).encode()
            self.send_response(played.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    played.url = f"http://127.0.0.1:{server.server_port}/"
    yield played
    server.shutdown()
    server.server_close()


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_bytes(b"filename,label\na.png,cat\n")
    return path


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config(environ={}, flags={"paths.data": tmp_path / "data", "server.token": TOKEN})


def nap(_seconds: float) -> None:
    pass


def test_it_asks_until_all_images_were_found(labeler: Played, config: Config, labels: Path) -> None:
    labeler.missing = [60, 40, 40, 7, 0]
    assert import_through(labeler.url, config, labels, nap) == 0
    assert labeler.got == [(f"Bearer {TOKEN}", labels.read_bytes())] * 5


def test_it_gives_up_when_no_more_are_found(labeler: Played, config: Config, labels: Path) -> None:
    labeler.missing = [60, 3]
    assert import_through(labeler.url, config, labels, nap, patience=4) == 3
    assert len(labeler.got) == 6


def test_a_folder_that_is_held_is_imported_by_who_holds_it(labeler: Played, config: Config, labels: Path) -> None:
    said: list[str] = []
    with folder_lock(config.paths.data):
        assert import_labels(config, labels, labeler.url, said.append) == 0
    assert "a labeler is at work" in said[0] and len(labeler.got) == 1
    assert not (config.paths.data / "labelstream.db").exists()


def test_what_the_labeler_refuses_is_said_in_its_words(labeler: Played, config: Config, labels: Path) -> None:
    labeler.status, labeler.body = 400, b'{"error": {"code": "invalid", "message": "line 2: no class"}}'
    with pytest.raises(DatasetError, match="refuses the labels: line 2: no class"):
        import_through(labeler.url, config, labels, nap)


@pytest.mark.parametrize("body", [b"<html>another program</html>", b"[]", b'{"other": 1}'])
def test_another_program_at_that_address_is_no_labeler(
    labeler: Played, config: Config, labels: Path, body: bytes
) -> None:
    labeler.body = body
    with pytest.raises(DatasetError, match="name its address by --labeler"):
        import_through(labeler.url, config, labels, nap)


def test_a_labeler_that_cannot_be_reached_is_said(config: Config, labels: Path) -> None:
    with pytest.raises(DatasetError, match="the images are in place"):
        import_through(f"http://127.0.0.1:{free_port()}", config, labels, nap)
