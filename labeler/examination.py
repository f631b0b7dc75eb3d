"""What is in one file: an image with its size and content, or the reason why it cannot be used."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from labeler.folders import UNKNOWN
from shared.errors import ImageRejected
from shared.images import content_hash, inspect, open_below

MAX_FILE_BYTES: Final = 500_000_000
SETTLING_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """A new or changed file below the image folder; `reason` says why it cannot be used, and is empty where it can.

    width and height: upright, in pixels. mtime_ns is -1 where the file could not be read: it is tried again now and
    then, because permissions and links change without a trace in the file's own time.
    """

    path: bytes
    size: int
    mtime_ns: int
    content_hash: str
    width: int
    height: int
    reason: str


def examine(root: Path, path: bytes, max_pixels: int, now: float) -> Finding | None:
    """Read a file; None where it vanished or is still being written. now: the date in seconds since 1970."""
    try:
        content = _read(root, path)
    except FileNotFoundError:
        return None
    except (ImageRejected, OSError, MemoryError) as error:
        return Finding(path, 0, UNKNOWN, "", 0, 0, _reason(error))
    if content is None:
        return None
    data, info = content
    try:
        image = inspect(data, max_pixels)
    except ImageRejected as error:
        if 0 <= now - info.st_mtime < SETTLING_S:
            return None
        return Finding(path, info.st_size, info.st_mtime_ns, "", 0, 0, str(error))
    return Finding(path, info.st_size, info.st_mtime_ns, content_hash(data), image.width, image.height, "")


def _reason(error: Exception) -> str:
    if isinstance(error, ImageRejected):
        return str(error)
    return f"cannot be read: {error.strerror if isinstance(error, OSError) else 'not enough memory'}"


def _read(root: Path, path: bytes) -> tuple[bytes, os.stat_result] | None:
    """A file's bytes and status; None where it changed meanwhile. Raises OSError and ImageRejected."""
    with open_below(root, path) as file:
        before = os.fstat(file.fileno())
        if before.st_size > MAX_FILE_BYTES:
            raise ImageRejected(f"is larger than the limit: {before.st_size:,} bytes, limit {MAX_FILE_BYTES:,}")
        data = file.read()
        after = os.fstat(file.fileno())
    if len(data) != before.st_size or before.st_mtime_ns != after.st_mtime_ns:
        return None
    return data, after
