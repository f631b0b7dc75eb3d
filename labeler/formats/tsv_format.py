"""Lines of `file_name<TAB>class`, without a header and without quotes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from labeler.formats.rows import (
    CONTROL,
    LABEL_KEYS,
    NAME_KEYS,
    ExportRow,
    Format,
    ImportRow,
    ReadImage,
    escape,
    import_row,
    limited,
    read_lines,
)
from shared.errors import InvalidInput


def export_tsv(rows: Iterable[ExportRow], read: ReadImage) -> Iterator[bytes]:
    """One line per row."""
    for row in rows:
        yield f"{escape(os.fsdecode(row.path), CONTROL)}\t{escape(row.label, CONTROL)}\n".encode()


def parse_tsv(data: BinaryIO) -> Iterator[ImportRow]:
    """Rows of two columns; empty lines, and a first line that is a header, are passed over. Raises InvalidInput."""
    return limited(_parse(data))


def _parse(data: BinaryIO) -> Iterator[ImportRow]:
    for number, line in enumerate(read_lines(data), 1):
        cells = line.rstrip("\r\n").split("\t")
        if cells == [""] or (number == 1 and _is_header(cells)):
            continue
        if len(cells) != 2:
            raise InvalidInput(f"line {number} has {len(cells) - 1} tabs; expected one: file_name<TAB>class")
        yield import_row(cells[0], cells[1], f"line {number}")


def _is_header(cells: list[str]) -> bool:
    return len(cells) == 2 and cells[0].lower() in NAME_KEYS and cells[1].lower() in LABEL_KEYS


TSV = Format("tsv", "text/tab-separated-values; charset=utf-8", "labels.tsv", export_tsv, parse_tsv)
