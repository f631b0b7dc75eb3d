"""Downloads from a real server that cuts connections, forgets ranges or sends something else."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from benchmarks.services import free_port
from labeler.datasets.archives import Archive, DatasetError, locate, md5_of
from labeler.datasets.download import PIECE, TRIES, download

CONTENT = np.random.default_rng(0).integers(0, 256, 900_000, np.uint8).tobytes()


@dataclass
class Shop:
    """What the server offers and what it was asked. cut: bytes of an answer after which the connection ends."""

    content: bytes = CONTENT
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True
    status: int = 200
    asked: list[int] = field(default_factory=list)
    url: str = ""

    def archive(self, content: bytes = CONTENT) -> Archive:
        return Archive(f"{self.url}/set.tgz", hashlib.md5(content).hexdigest())


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
            start = int(given[1]) if given and shop.ranges else 0
            shop.asked.append(int(given[1]) if given else 0)
            if shop.status != 200 or start >= len(shop.content):
                self.send_error(shop.status if shop.status != 200 else 416)
                return
            body = shop.content[start:]
            self.send_response(206 if given and shop.ranges else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: shop.cuts.pop(0) if shop.cuts else len(body)])

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    shop.url = f"http://127.0.0.1:{server.server_port}"
    yield shop
    server.shutdown()
    server.server_close()


@pytest.fixture
def bring(shop: Shop, tmp_path: Path) -> Callable[..., Path]:
    """Locates the shop's archive in tmp_path; noted: the seconds waited."""

    def bring(noted: list[float] | None = None, content: bytes = CONTENT) -> Path:
        waited = [] if noted is None else noted

        def fetch(archive: Archive, part: Path) -> None:
            download(archive, part, lambda _line: None, waited.append)

        return locate(shop.archive(content), None, tmp_path, fetch)

    return bring


def test_a_connection_that_is_cut_goes_on_where_it_ended(shop: Shop, bring: Callable[..., Path]) -> None:
    shop.cuts = [20 * PIECE, 15 * PIECE + 1]
    assert bring().read_bytes() == CONTENT
    assert shop.asked == [0, 20 * PIECE, 35 * PIECE]


def test_a_later_run_goes_on_too_and_nothing_half_is_taken_for_whole(
    shop: Shop, bring: Callable[..., Path], tmp_path: Path
) -> None:
    shop.cuts = [20 * PIECE, *[0] * 10]
    with pytest.raises(DatasetError, match=rf"{20 * PIECE:,} bytes are kept\. Run the same command again to go on"):
        bring()
    assert [path.name for path in tmp_path.iterdir()] == ["set.tgz.part"]
    shop.cuts, shop.asked = [], []
    assert bring().read_bytes() == CONTENT
    assert shop.asked == [20 * PIECE]
    assert [path.name for path in tmp_path.iterdir()] == ["set.tgz"]


def test_tries_that_bring_nothing_new_come_to_an_end_later_each_time(shop: Shop, bring: Callable[..., Path]) -> None:
    shop.cuts, waited = [0] * 100, list[float]()
    with pytest.raises(DatasetError):
        bring(waited)
    assert len(shop.asked) == TRIES
    assert waited == sorted(waited) and len(set(waited)) == TRIES - 1


def test_a_server_without_ranges_starts_over(shop: Shop, bring: Callable[..., Path]) -> None:
    shop.cuts, shop.ranges = [300_000], False
    assert bring().read_bytes() == CONTENT


def test_a_beginning_of_something_else_is_thrown_away(shop: Shop, bring: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "set.tgz.part").write_bytes(b"another file" * 100)
    assert bring().read_bytes() == CONTENT
    assert shop.asked == [1200, 0]


@pytest.mark.parametrize("extra", [b"", b"and more"])
def test_a_part_that_is_already_whole_or_too_long(
    shop: Shop, bring: Callable[..., Path], tmp_path: Path, extra: bytes
) -> None:
    (tmp_path / "set.tgz.part").write_bytes(CONTENT + extra)
    assert bring().read_bytes() == CONTENT


def test_a_wrong_file_is_refused_with_both_sums_and_not_kept(
    shop: Shop, bring: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(DatasetError, match=r"has the MD5 \w+, expected \w+, and was thrown away"):
        bring(content=b"what it should have been")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_not_asked_for_twice(shop: Shop, bring: Callable[..., Path]) -> None:
    shop.status = 404
    with pytest.raises(DatasetError, match="answers 404 Not Found; get set"):
        bring()
    assert len(shop.asked) == 1


def test_a_busy_server_is_asked_again(shop: Shop, tmp_path: Path) -> None:
    shop.status = 503

    def wait(_seconds: float) -> None:
        shop.status = 200

    download(shop.archive(), tmp_path / "part", lambda _line: None, wait)
    assert (tmp_path / "part").read_bytes() == CONTENT
    assert len(shop.asked) == 2


def test_without_a_network_a_sentence_says_so(tmp_path: Path) -> None:
    archive = Archive(f"http://127.0.0.1:{free_port()}/set.tgz", "0" * 32)
    with pytest.raises(DatasetError, match="there is no connection to it; is this machine on the network"):
        download(archive, tmp_path / "part", lambda _line: None, lambda _seconds: None)


def test_an_archive_that_is_there_needs_no_network(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "set.tgz").write_bytes(CONTENT)

    def fetch(_archive: Archive, _part: Path) -> None:
        raise AssertionError

    assert locate(shop.archive(), tmp_path, tmp_path / "data", fetch) == tmp_path / "set.tgz"
    assert not (tmp_path / "data").exists()
    assert locate(shop.archive(), None, tmp_path, fetch) == tmp_path / "set.tgz"
    assert md5_of(tmp_path / "set.tgz") == shop.archive().md5


def test_progress_is_said_in_tenths(shop: Shop, tmp_path: Path) -> None:
    said: list[str] = []
    download(shop.archive(), tmp_path / "part", said.append)
    assert said[-1] == "set.tgz: 100%" and len(said) <= 10
