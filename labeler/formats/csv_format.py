"""Comma-separated values with a header. On import: also semicolons or tabs, and the usual other column names."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from labeler.formats.rows import (
    FORMULA,
    LABEL_KEYS,
    NAME_KEYS,
    ExportRow,
    Format,
    ImportRow,
    ReadImage,
    import_row,
    limited,
    named_values,
    read_lines,
)
from shared.errors import InvalidInput

COLUMNS = ("filename", "label", "annotator", "created_at", "lane", "seq", "bulk")


def export_csv(rows: Iterable[ExportRow], read: ReadImage) -> Iterator[bytes]:
    """A header, then one line per row [RFC 4180]."""
    line = io.StringIO()
    writer = csv.DictWriter(line, COLUMNS)
    writer.writeheader()
    for row in rows:
        writer.writerow(named_values(row, FORMULA))
        yield line.getvalue().encode()
        line.seek(0)
        line.truncate()
    yield line.getvalue().encode()


def parse_csv(data: BinaryIO) -> Iterator[ImportRow]:
    """Rows of a file whose header names a file name column and a label column. Raises InvalidInput."""
    return limited(_parse(data))


def _parse(data: BinaryIO) -> Iterator[ImportRow]:
    lines = read_lines(data)
    header = next(lines, "")
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(itertools.chain([header], lines), delimiter=delimiter, strict=True)
    try:
        columns = [cell.strip().lower() for cell in next(reader, [])]
        places = _column(columns, NAME_KEYS), _column(columns, LABEL_KEYS)
        start = reader.line_num + 1
        for row in reader:
            if row:
                yield _row(row, places, f"line {start}")
            start = reader.line_num + 1
    except csv.Error as error:
        raise InvalidInput(f"line {reader.line_num}: {error}; expected comma-separated values") from error


def _row(row: list[str], places: tuple[int, int], where: str) -> ImportRow:
    if len(row) <= max(places):
        raise InvalidInput(f"{where} has {len(row)} of at least {max(places) + 1} columns")
    return import_row(row[places[0]], row[places[1]], where)


def _column(columns: list[str], keys: tuple[str, ...]) -> int:
    for key in keys:
        if key in columns:
            return columns.index(key)
    header = ",".join(columns)[:80]
    raise InvalidInput(f"line 1: the header is {header!r}; expected a column named {' or '.join(keys)}")


CSV = Format("csv", "text/csv; charset=utf-8", "labels.csv", export_csv, parse_csv)
