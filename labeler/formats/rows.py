"""What goes in and out of every format, its limits, and how odd text is written.

File names need not be valid UTF-8, may hold tabs and line breaks, and may look like a formula to a spreadsheet. What a
format cannot hold is written as `escaped:` and percent-escapes (`escaped:caf%E9.jpg`), so that the file stays plain
UTF-8, opens safely in a spreadsheet, and is read back exactly. Every other value is written as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from labeler.classes import clean_name
from shared.errors import InvalidInput

MAX_ROWS: Final = 5_000_000
MAX_NAME_BYTES: Final = 4096
MAX_LINE_BYTES: Final = 65_536
PREFIX: Final = "escaped:"
NAME_KEYS: Final = ("filename", "file_name", "image", "path")
LABEL_KEYS: Final = ("label", "class", "category")

UNDECODABLE: Final = re.compile(r"[\ud800-\udfff]")
FORMULA: Final = re.compile(rf"^(?![+-]?\d+([.,]\d+)?$)[=+\-@\t\r\ufeff]|{UNDECODABLE.pattern}")
CONTROL: Final = re.compile(rf"[\x00-\x1f\x7f]|{FORMULA.pattern}")


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One labelled file: its path below the image folder and the label that counts; created_at in s since 1970.

    bulk: the action that gave the label to several images at once; None for a label of its own.
    """

    path: bytes
    label: str
    annotator: str
    created_at: float
    seq: int
    lane: str
    bulk: str | None = None


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One label read from a file; `name` is a path or a file name, as os.fsdecode gives it."""

    name: str
    label: str


ReadImage = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Format:
    """How labels are written and read.

    export(rows, read): the file in pieces, made while they are asked for; read(path) gives an image's bytes.
    parse(data): the rows in the file's order; raises InvalidInput with the number of the line.
    """

    name: str
    mimetype: str
    filename: str
    export: Callable[[Iterable[ExportRow], ReadImage], Iterator[bytes]]
    parse: Callable[[BinaryIO], Iterator[ImportRow]]


def escape(text: str, unsafe: re.Pattern[str]) -> str:
    """The text as a cell: as it is where nothing in it is `unsafe`."""
    if not (unsafe.search(text) or text.startswith(PREFIX)):
        return text
    return PREFIX + quote_from_bytes(text.encode("utf-8", "surrogateescape"))


def unescape(cell: str) -> str:
    """What `escape` made the cell from. Raises UnicodeEncodeError for half a surrogate pair."""
    raw = cell.encode("utf-8", "surrogateescape")
    if cell.startswith(PREFIX):
        raw = unquote_to_bytes(raw[len(PREFIX) :])
    return raw.decode("utf-8", "surrogateescape")


def named_values(row: ExportRow, unsafe: re.Pattern[str]) -> dict[str, Any]:
    """The row's values under the names that the formats with named columns use."""
    return {
        "filename": escape(os.fsdecode(row.path), unsafe),
        "label": escape(row.label, unsafe),
        "annotator": escape(row.annotator, unsafe),
        "created_at": datetime.fromtimestamp(row.created_at, UTC).isoformat(timespec="milliseconds"),
        "lane": row.lane,
        "seq": row.seq,
        "bulk": row.bulk or "",
    }


def import_row(name: str, label: str, where: str) -> ImportRow:
    """A checked row. where: the place in the file, which errors begin with. Raises InvalidInput."""
    try:
        name, label = unescape(name), unescape(label)
        label.encode()
        size = len(os.fsencode(name))
    except UnicodeEncodeError as error:
        raise InvalidInput(f"{where}: {error.object[:40]!r} is not valid Unicode; save the file as UTF-8") from error
    if not 0 < size <= MAX_NAME_BYTES or "\0" in name:
        raise InvalidInput(
            f"{where}: the file name {name[:40]!r} has {size:,} bytes; expected 1 to {MAX_NAME_BYTES:,}, none zero"
        )
    try:
        return ImportRow(name, clean_name(label))
    except InvalidInput as error:
        raise InvalidInput(f"{where}: {error}", "label") from error


def read_lines(data: BinaryIO) -> Iterator[str]:
    """The file's lines, with their ends, bytes that are not UTF-8 as surrogates. Raises InvalidInput for a huge one."""
    for number, line in enumerate(iter(lambda: data.readline(MAX_LINE_BYTES), b""), 1):
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            raise InvalidInput(f"line {number} is longer than {MAX_LINE_BYTES:,} bytes; expected one image per line")
        if number == 1 and line.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise InvalidInput("line 1: the file is UTF-16; save it as UTF-8")
        yield line.decode("utf-8-sig" if number == 1 else "utf-8", "surrogateescape")


def limited(rows: Iterable[ImportRow]) -> Iterator[ImportRow]:
    """The rows, as long as they are not too many. Raises InvalidInput."""
    for count, row in enumerate(rows):
        if count >= MAX_ROWS:
            raise InvalidInput(f"the file has more than {MAX_ROWS:,} rows; split it")
        yield row
