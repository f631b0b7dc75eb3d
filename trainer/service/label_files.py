"""Label files: lines `file name<TAB>class` in UTF-8, one file or a folder of such files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trainer.service.refusals import BadCall

MAX_FILE_BYTES: Final = 1 << 28
BYTE_ORDER_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")  # of UTF-16


@dataclass(frozen=True, slots=True)
class Entry:
    """The class of one image, and where that is said."""

    label: str
    file: str
    line: int


Labels = dict[str, Entry]


def read_labels(path: Path, field: str) -> Labels:
    """The labels of a file, or of all files directly in a folder that are not hidden, by file name.

    field: the argument that named the path, for errors. Raises BadCall, naming file and line.
    """
    found: Labels = {}
    for file in _files(path, field):
        _join(found, parse_labels(_read(file, field), file.name, field), field)
    return found


def parse_labels(data: bytes, file: str, field: str = "") -> Iterator[tuple[str, Entry]]:
    """(image's file name, entry) of every line that is not blank; the class without spaces around it.

    Raises BadCall for a line that is not of this form. It does not quote the line: not every file is for its reader.
    """
    if data.startswith(BYTE_ORDER_MARKS):
        raise BadCall("malformed_line", field, f"{file} is UTF-16; save it as UTF-8")
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        where = f"{file}, line {number}"
        try:
            line = raw.decode().removesuffix("\r")
        except UnicodeDecodeError:
            raise BadCall("malformed_line", field, f"{where} is not UTF-8; save the file as UTF-8") from None
        if line.strip():
            yield _entry(line, file, number, field)


def _entry(line: str, file: str, number: int, field: str) -> tuple[str, Entry]:
    where = f"{file}, line {number}"
    name, *labels = line.split("\t")
    if len(labels) != 1:
        raise BadCall("malformed_line", field, f"{where} has {len(labels)} tabs; expected one: file name, tab, class")
    label = labels[0].strip()
    if not name.strip() or not label:
        raise BadCall("malformed_line", field, f"{where} has no {'class' if name.strip() else 'file name'}")
    return name, Entry(label, file, number)


def _join(found: Labels, entries: Iterable[tuple[str, Entry]], field: str) -> None:
    for name, entry in entries:
        before = found.setdefault(name, entry)
        if before.label != entry.label:
            raise BadCall(
                "conflicting_labels",
                field,
                f"{name!r} is {before.label!r} in {before.file}, line {before.line}, and {entry.label!r} in "
                f"{entry.file}, line {entry.line}; give each image one class",
            )


def _files(path: Path, field: str) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    if path.is_file():
        return [path]
    raise BadCall("missing_file", field, f"{field}: there is no file or folder {str(path)!r}; check the path")


def _read(file: Path, field: str) -> bytes:
    try:
        size = file.stat().st_size
        if size > MAX_FILE_BYTES:
            raise BadCall(
                "too_large", field, f"{file.name} has {size:,} bytes; expected label files of up to {MAX_FILE_BYTES:,}"
            )
        return file.read_bytes()
    except OSError as error:
        raise BadCall("missing_file", field, f"{field}: {file.name} cannot be read: {error.strerror}") from error
