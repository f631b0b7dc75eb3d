"""JSON: `{"annotations": [{"filename", "label", …}]}`, one annotation per line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from labeler.formats.rows import (
    LABEL_KEYS,
    NAME_KEYS,
    UNDECODABLE,
    ExportRow,
    Format,
    ImportRow,
    ReadImage,
    import_row,
    limited,
    named_values,
)
from shared.errors import InvalidInput

MAX_BYTES = 500_000_000


def export_json(rows: Iterable[ExportRow], read: ReadImage) -> Iterator[bytes]:
    """One object; pieces are whole lines."""
    separator = b'{"annotations": [\n'
    for row in rows:
        yield separator + json.dumps(named_values(row, UNDECODABLE), ensure_ascii=False).encode()
        separator = b",\n"
    yield b"\n]}\n" if separator == b",\n" else separator + b"]}\n"


def parse_json(data: BinaryIO) -> Iterator[ImportRow]:
    """Rows of a list of objects, alone or under `annotations`. Raises InvalidInput."""
    return limited(_row(item, number) for number, item in enumerate(_items(data), 1))


def _items(data: BinaryIO) -> list[Any]:
    text = data.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise InvalidInput(f"the file is larger than {MAX_BYTES:,} bytes; split it")
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"byte {error.start:,} is not UTF-8; save the file as UTF-8") from error
    except (RecursionError, ValueError) as error:
        raise InvalidInput(f"not JSON that can be read: {error}") from error
    items = content.get("annotations") if isinstance(content, dict) else content
    if not isinstance(items, list):
        raise InvalidInput('expected a list of annotations, or {"annotations": [...]}')
    return items


def _row(item: Any, number: int) -> ImportRow:
    where = f"annotation {number}"
    if not isinstance(item, dict):
        raise InvalidInput(f"{where} is {str(item)[:40]!r}; expected an object with filename and label")
    return import_row(_value(item, NAME_KEYS, where), _value(item, LABEL_KEYS, where), where)


def _value(item: dict[str, Any], keys: tuple[str, ...], where: str) -> str:
    for key in keys:
        if isinstance(item.get(key), str):
            return str(item[key])
    raise InvalidInput(f"{where} has no text under {' or '.join(keys)}")


JSON = Format("json", "application/json", "labels.json", export_json, parse_json)
