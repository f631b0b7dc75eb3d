"""What the scanner remembers of a folder: 16 bytes for each file in it."""

from __future__ import annotations

import os
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from shared.images import is_candidate

UNKNOWN: Final = -1

Hashes = npt.NDArray[np.int64]
NO_HASHES: Final[Hashes] = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Folder:
    """When a folder changed, and the 64-bit hashes of its files' names, sorted, with a stamp for each.

    A stamp stands for a file's size and time; 0 means that the file must be read again. mtime_ns is UNKNOWN where the
    folder must be listed again.
    """

    mtime_ns: int
    names: Hashes
    stamps: Hashes

    @classmethod
    def of(cls, mtime_ns: int, names: Hashes, stamps: Hashes) -> Folder:
        """A folder from names and stamps in any order, (N,) each."""
        order = np.argsort(names)
        return cls(mtime_ns, names[order], stamps[order])

    def stamps_of(self, names: Hashes) -> Hashes:
        """The stamps of these names, 0 for those that are not known. (N,) → (N,)."""
        if not len(self.names):
            return np.zeros(len(names), np.int64)
        at = np.minimum(np.searchsorted(self.names, names), len(self.names) - 1)
        return np.where(self.names[at] == names, self.stamps[at], 0)


NOTHING: Final = Folder(UNKNOWN, NO_HASHES, NO_HASHES)


def stamp_of(size: int, mtime_ns: int) -> int:
    """64 bits that stand for a file's size and time, never 0."""
    return hash((size, mtime_ns)) or 1


def hashes_of(names: Collection[bytes]) -> Hashes:
    """64-bit hashes, good for the life of this process: two of a million names collide once in 37 million runs."""
    return np.fromiter(map(hash, names), np.int64, len(names))


def remember(known: Iterable[tuple[bytes, int, int]]) -> dict[bytes, Folder]:
    """Folders from the (path, size, mtime_ns) of their files, each to be listed again."""
    rows: defaultdict[bytes, array[int]] = defaultdict(lambda: array("q"))
    for path, size, mtime_ns in known:
        folder, _, name = path.rpartition(b"/")
        rows[folder].extend((hash(name), stamp_of(size, mtime_ns)))
    tables = ((folder, np.frombuffer(row, np.int64).reshape(-1, 2)) for folder, row in rows.items())
    return {folder: Folder.of(UNKNOWN, table[:, 0], table[:, 1]) for folder, table in tables}


def list_folder(base: bytes, path: bytes) -> tuple[list[bytes], list[bytes]]:
    """Names of the files that may be images, and paths of the folders, in folder `path` below `base`.

    Hidden ones are left out. A link to a folder is not followed: it is listed as a file, to be reported as one that
    cannot be used. Raises OSError.
    """
    prefix = path + b"/" if path else b""
    files, folders = [], []
    with os.scandir(base + b"/" + path) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith(b"."):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(prefix + name)
            elif is_candidate(name) or (entry.is_symlink() and entry.is_dir()):
                files.append(name)
    return files, folders
