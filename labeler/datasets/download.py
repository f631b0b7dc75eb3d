"""Downloading a large file over a connection that may break: what has come is kept, and the rest is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final

import requests

from labeler.datasets.archives import Archive, DatasetError, Say

TRIES: Final = 4  # in a row that bring nothing new
TIMEOUT_S: Final = 30.0
PIECE: Final = 1 << 14  # bytes; what a broken connection leaves of one is lost
PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})


class Broken(Exception):
    """The connection ended early, or the server is busy: worth another try."""


def download(archive: Archive, part: Path, say: Say, wait: Callable[[float], object] = time.sleep) -> None:
    """Bring `part` to the archive's full length, going on with what is there.

    wait: sleeps that many seconds between tries. Raises DatasetError, with `part` kept; OSError where the disk refuses.
    """
    failures = 0
    while True:
        before = _size(part)
        try:
            _go_on(archive, part, say)
        except (requests.RequestException, Broken) as error:
            failures = 1 if _size(part) > before else failures + 1
            if failures >= TRIES:
                raise DatasetError(_sentence(archive, part, error)) from error
            wait(2.0 ** (failures - 1))
        else:
            return


def _go_on(archive: Archive, part: Path, say: Say) -> None:
    start = _size(part)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with requests.get(archive.url, headers=headers, stream=True, timeout=TIMEOUT_S) as answer:
        if answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # nothing is left to ask for: whether it is the file, its checksum says
        if answer.status_code in PASSING:
            raise Broken(f"the server answers {answer.status_code} {answer.reason}")
        if not answer.ok:
            raise DatasetError(
                f"{archive.url} answers {answer.status_code} {answer.reason}; get {archive.name} elsewhere, put it "
                "into a folder and name that by --archives"
            )
        if answer.status_code != HTTPStatus.PARTIAL_CONTENT:
            start = 0
        _write(answer, part, start, lambda share: say(f"{archive.name}: {share:.0%}"))


def _write(answer: requests.Response, part: Path, start: int, tell: Callable[[float], None]) -> None:
    length = int(answer.headers.get("Content-Length", 0))
    done, told = start, 0
    with part.open("r+b" if part.exists() else "wb") as file:
        file.truncate(start)
        file.seek(start)
        for piece in answer.iter_content(PIECE):
            file.write(piece)
            done += len(piece)
            if length and (tenths := 10 * done // (start + length)) > told:
                told = tenths
                tell(tenths / 10)
    if length and done != start + length:
        raise Broken(f"{done - start:,} of {length:,} bytes came")


def _sentence(archive: Archive, part: Path, error: Exception) -> str:
    kept = f"; {_size(part):,} bytes are kept" if _size(part) else ""
    return (
        f"{archive.url} cannot be read: {_cause(error)}{kept}. Run the same command again to go on, or put "
        f"{archive.name} into a folder and name that by --archives"
    )


def _cause(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT_S:g} s"
    if isinstance(error, requests.ConnectionError):
        return "there is no connection to it; is this machine on the network?"
    return str(error) if isinstance(error, Broken) else "the connection broke"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
