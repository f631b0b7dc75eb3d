"""Images in a folder: their ids, which files count, and paths that cannot leave the folder."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

from shared.decoding import ImageInfo, decode_rgb, display_bytes, inspect
from shared.errors import ImageRejected

__all__ = [
    "EXTENSIONS",
    "ImageInfo",
    "content_hash",
    "decode_rgb",
    "display_bytes",
    "inspect",
    "is_candidate",
    "open_below",
    "path_hash",
    "resolve",
]

EXTENSIONS: Final = frozenset({b"jpg", b"jpeg", b"png", b"webp", b"bmp", b"tif", b"tiff"})

OPEN_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # a named pipe must not block


def path_hash(path: bytes) -> str:
    """24 hex digits that tell a path below the image folder from every other ('/' between the parts)."""
    return hashlib.blake2b(path, digest_size=12).hexdigest()


def content_hash(data: bytes) -> str:
    """32 hex digits that two files share exactly when they are byte for byte the same."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def is_candidate(name: str | bytes) -> bool:
    """Whether a file of this name is looked at: a known extension in any case, and not hidden."""
    raw = os.fsencode(name)
    stem, _, extension = raw.rpartition(b".")
    return bool(stem) and not raw.startswith(b".") and extension.lower() in EXTENSIONS


def resolve(root: Path, relative: bytes) -> Path:
    """The real path of `relative` below `root`.

    Raises ImageRejected where it is absolute, climbs with `..`, or passes through a link that leads out of `root`.
    """
    parts = relative.split(b"/")
    if b"\0" in relative or any(part in (b"", b".", b"..") for part in parts):
        raise ImageRejected("is not a path below the image folder")
    try:
        base = root.resolve()
        path = base.joinpath(os.fsdecode(relative)).resolve()
    except (OSError, RuntimeError) as error:  # pathlib reports a loop of links as RuntimeError
        raise ImageRejected(f"cannot be reached: {error}") from error
    if not path.is_relative_to(base):
        raise ImageRejected(
            "is a link that leads out of the image folder; copy the file, or set paths.images to its folder"
        )
    return path


def open_below(root: Path, relative: bytes) -> BinaryIO:
    """Open the file `relative` below `root` for reading. The path must be one that was found, not one from outside.

    A link is followed where it stays below `root`. Raises OSError, and ImageRejected for a link that leads elsewhere
    and for what is not a file.
    """
    try:
        descriptor = os.open(os.fsencode(root) + b"/" + relative, OPEN_FLAGS)
    except OSError as error:
        if error.errno != errno.ELOOP:  # with O_NOFOLLOW: it is a link
            raise
        descriptor = os.open(resolve(root, relative), OPEN_FLAGS)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise ImageRejected("is a link to a folder; such links are not followed" if stat.S_ISDIR(mode) else "is not a file")
