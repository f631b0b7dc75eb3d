"""A zip with one folder per class and the images in them, as torchvision's ImageFolder reads it.

Names in the zip are safe on any system; where two files of a class share a name, a part of the image's id is added.
Each entry's comment holds the exact path and label, so that our own zips are read back exactly. Of other zips the
folder that holds an image is its class. Only names are read on import, never the files' contents.
"""

from __future__ import annotations

import io
import json
import os
import re
import struct
import time
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Final
from urllib.parse import quote

from labeler.formats.rows import (
    CONTROL,
    UNDECODABLE,
    ExportRow,
    Format,
    ImportRow,
    ReadImage,
    escape,
    import_row,
    limited,
)
from shared.errors import InvalidInput, LabelstreamError
from shared.images import is_candidate, path_hash

MAX_DIRECTORY_BYTES: Final = 200_000_000
MAX_TAIL_BYTES: Final = 66_000
LOCATOR_BYTES: Final = 20  # of the record that says where a large zip's table of contents ends
MAX_COMPONENT_BYTES: Final = 120
NOT_INCLUDED: Final = "not-included.tsv"

_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*%\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]')
_EDGE: Final = re.compile(r"^[. ]|[. ]$")
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


class Pieces(io.RawIOBase):
    """A file to write to whose content is taken away piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """Yes; zipfile asks."""
        return True

    def write(self, data: Any) -> int:
        """Keep a piece."""
        piece = bytes(data)
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        """What was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def export_imagefolder(rows: Iterable[ExportRow], read: ReadImage) -> Iterator[bytes]:
    """The zip, image by image. Files that cannot be read are listed in not-included.tsv with the reason."""
    sink, used, missing = Pieces(), set[str](), list[str]()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for row in rows:
            try:
                data = read(row.path)
            except (OSError, LabelstreamError) as error:
                cells = os.fsdecode(row.path), row.label, str(error)
                missing.append("\t".join(escape(cell, CONTROL) for cell in cells) + "\n")
                continue
            archive.writestr(_entry(row, used), data)
            yield sink.take()
        if missing:
            archive.writestr(NOT_INCLUDED, "".join(missing))
    yield sink.take()


def _entry(row: ExportRow, used: set[str]) -> zipfile.ZipInfo:
    path = os.fsdecode(row.path)
    folder, file = _safe(row.label), PurePosixPath(_safe(path.rpartition("/")[2]))
    member = f"{folder}/{file}"
    if member.lower() in used:
        member = f"{folder}/{file.stem}-{path_hash(row.path)}{file.suffix}"
    used.add(member.lower())
    info = zipfile.ZipInfo(member, time.gmtime(max(row.created_at, 315_532_800))[:6])  # zip counts from 1980
    info.external_attr = 0o644 << 16
    info.comment = json.dumps({"filename": escape(path, UNDECODABLE), "label": escape(row.label, UNDECODABLE)}).encode()
    return info


def _safe(name: str) -> str:
    """One component of a path that every system accepts; what is unsafe is percent-escaped."""
    safe = _UNSAFE.sub(_percent, name)
    safe = _EDGE.sub(_percent, safe)
    if _DEVICES.fullmatch(safe):
        safe = f"%{ord(safe[0]):02X}{safe[1:]}"
    if len(safe.encode()) <= MAX_COMPONENT_BYTES:
        return safe
    path = PurePosixPath(safe)
    suffix = path.suffix if len(path.suffix) <= 5 else ""
    short = path.stem.encode()[: MAX_COMPONENT_BYTES - 30].decode(errors="ignore")
    return f"{short}-{path_hash(os.fsencode(name))}{suffix}"


def _percent(match: re.Match[str]) -> str:
    if match[0] in ". ":
        return f"%{ord(match[0]):02X}"
    return quote(match[0].encode("utf-8", "surrogateescape"), safe="")


def parse_imagefolder(data: BinaryIO) -> Iterator[ImportRow]:
    """One row per image in the zip. Raises InvalidInput for what is not a zip."""
    return limited(_parse(data))


def _parse(data: BinaryIO) -> Iterator[ImportRow]:
    for info in _entries(data):
        if info.is_dir():
            continue
        path = PurePosixPath(info.filename.replace("\\", "/"))
        hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
        if (own := _own(info)) is not None:
            yield own
        elif not hidden and is_candidate(path.name) and path.parent.name:
            yield import_row(str(path), path.parent.name, f"entry {info.filename[:80]!r}")


def _entries(data: BinaryIO) -> list[zipfile.ZipInfo]:
    """The zip's table of contents, whose size is looked at before it is read. Raises InvalidInput."""
    try:
        length = _directory_bytes(data)
        if length > MAX_DIRECTORY_BYTES:
            raise InvalidInput(
                f"the zip's table of contents has {length:,} bytes, limit {MAX_DIRECTORY_BYTES:,}; split it"
            )
        with zipfile.ZipFile(data) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, struct.error, ValueError, OSError, EOFError) as error:
        raise InvalidInput(f"the file is not a zip that can be read: {error}") from error


def _directory_bytes(data: BinaryIO) -> int:
    """The size of the table of contents, as the records at the end of the file state it [APPNOTE 4.3.14, 4.3.16]."""
    data.seek(max(0, data.seek(0, io.SEEK_END) - MAX_TAIL_BYTES))
    tail = data.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0:
        raise InvalidInput(f"the file is not a zip: it starts with {_start(data)!r}")
    locator = tail[max(0, end - LOCATOR_BYTES) : end]
    large = tail.rfind(b"PK\x06\x06", 0, end) if locator.startswith(b"PK\x06\x07") else -1
    sizes = [struct.unpack_from("<L", tail, end + 12)[0]] if large < 0 else struct.unpack_from("<Q", tail, large + 40)
    return int(sizes[0])


def _start(data: BinaryIO) -> bytes:
    data.seek(0)
    return data.read(8)


def _own(info: zipfile.ZipInfo) -> ImportRow | None:
    """The row that our own export noted in the entry's comment."""
    if not info.comment.startswith(b'{"filename"'):
        return None
    try:
        values = json.loads(info.comment)
        return import_row(str(values["filename"]), str(values["label"]), f"entry {info.filename[:80]!r}")
    except (ValueError, KeyError, RecursionError) as error:
        raise InvalidInput(f"entry {info.filename[:80]!r}: its comment cannot be read: {error}") from error


IMAGEFOLDER = Format("imagefolder", "application/zip", "labels.zip", export_imagefolder, parse_imagefolder)
