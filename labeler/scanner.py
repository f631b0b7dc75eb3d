"""Watches the image folder: what is new, what has changed, what is gone.

Looking again must be cheap and miss nothing, so there are two kinds of look. A quick one asks each folder for its
modification time and lists those that changed: it sees files come and go. A full one also asks every file for its size
and time: it sees files change in place. Each waits until its own cost is a fixed, small share of a core, however
large or deep the tree is.

What is remembered of a file is 16 bytes: 64-bit hashes of its name and of its size and time.
"""

from __future__ import annotations

import logging
import os
import stat
import threading
import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from shared.errors import ImageRejected
from shared.images import content_hash, inspect, is_candidate, resolve

log = logging.getLogger(__name__)

QUICK_SHARE: Final = 0.01
FULL_SHARE: Final = 0.005
SETTLING_S: Final = 2.0
CHUNK_FILES: Final = 2_000
CHUNK_SECONDS: Final = 0.3
MAX_FILE_BYTES: Final = 500_000_000
UNKNOWN: Final = -1

Hashes = npt.NDArray[np.int64]


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


class ScanSink(Protocol):
    """Takes in what the scanner finds. Called from one thread; told the same twice, it must end up the same."""

    def known(self) -> Iterable[tuple[bytes, int, int]]:
        """(path, size, mtime_ns) of every file that was found and is not gone, as its last Finding said."""

    def progress(self, found: int, indexed: int, done: bool) -> None:
        """So many files are there and so many of them have been read; done: the look is over."""

    def found(self, findings: Sequence[Finding]) -> None:
        """These files are new or have changed."""

    def gone(self, paths: Sequence[bytes]) -> None:
        """These files are no longer there."""


@dataclass(frozen=True, slots=True)
class Folder:
    """What is remembered of one folder: when it changed, and sorted name hashes with a stamp for each.

    A stamp of 0 means: look at this file again. mtime_ns is UNKNOWN where the folder must be listed again.
    """

    mtime_ns: int
    names: Hashes
    stamps: Hashes

    @classmethod
    def of(cls, mtime_ns: int, names: Hashes, stamps: Hashes) -> Folder:
        """A folder from names and stamps in any order."""
        order = np.argsort(names)
        return cls(mtime_ns, names[order], stamps[order])

    def stamps_of(self, names: Hashes) -> Hashes:
        """The stamps of these names, 0 for those that are not known. (N,) → (N,)."""
        if not len(self.names):
            return np.zeros(len(names), np.int64)
        at = np.minimum(np.searchsorted(self.names, names), len(self.names) - 1)
        return np.where(self.names[at] == names, self.stamps[at], 0)


NO_HASHES: Final = np.zeros(0, np.int64)
NOTHING: Final = Folder(UNKNOWN, NO_HASHES, NO_HASHES)


class Stopped(Exception):
    """Raised inside a look to leave it early."""


class Scanner:
    """Looks at the folder and tells the sink. A folder that does not exist counts as empty."""

    def __init__(
        self,
        root: Path,
        sink: ScanSink,
        every_s: float,
        max_pixels: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.thread_time,
        now: Callable[[], float] = time.time,
    ) -> None:
        """every_s: seconds between looks, at least. clock, cpu, now: seconds that passed, of work, and of the date."""
        self._root = root
        self._sink = sink
        self._every_s = every_s
        self._max_pixels = max_pixels
        self._clock = clock
        self._cpu = cpu
        self._now = now
        self._stop = threading.Event()
        self._folders: dict[bytes, Folder] | None = None
        self._files = 0
        self._expected = 0
        self._findings: list[Finding] = []
        self._gone: dict[bytes, Hashes] = {}
        self._flushed_at = 0.0
        self._reading_s = 0.0
        self._next_look = self._next_full = clock()

    def run(self, stop: threading.Event) -> None:
        """Look until `stop` is set. An error ends one look, never the watching."""
        self._stop = stop
        while not stop.is_set():
            try:
                self.look()
            except Stopped:
                return
            except Exception:
                log.exception("A look at %s failed; it is tried again in %g s", self._root, self._every_s)
                self._next_look = self._clock() + self._every_s
            stop.wait(max(0.0, self._next_look - self._clock()))

    def look(self) -> None:
        """Look once: quickly, or in full where that is due."""
        began, self._reading_s = self._cpu(), 0.0
        folders = self._start() if self._folders is None else self._folders
        full = self._clock() >= self._next_full
        folders.setdefault(b"", NOTHING)
        queue = list(folders)
        for path in queue:
            queue.extend(sub for sub in self._visit(folders, path, full) if sub not in folders)
        self._flush()
        self._report_gone()
        self._expected = 0
        self._sink.progress(self._files, self._files, True)
        self._schedule(full, self._cpu() - began - self._reading_s)

    def _start(self) -> dict[bytes, Folder]:
        """Begin with what the sink knows, so that only what changed since is read."""
        folders = remember(self._sink.known())
        self._files = sum(len(folder.names) for folder in folders.values())
        self._expected = sum(len(names) for names, _ in self._walk())
        self._folders = folders
        self._flushed_at = self._clock()
        self._sink.progress(self._expected, min(self._files, self._expected), False)
        return folders

    def _walk(self) -> Iterator[tuple[list[bytes], list[bytes]]]:
        queue = [b""]
        for path in queue:
            try:
                names, folders = list_folder(self._full(path), path)
            except OSError:
                continue
            queue.extend(folders)
            yield names, folders

    def _schedule(self, full: bool, cost: float) -> None:
        """Wait so long that the looking itself stays a fixed share of a core."""
        now = self._clock()
        if full:
            self._next_look = now + self._every_s
            self._next_full = now + max(self._every_s, cost / FULL_SHARE)
        else:
            self._next_look = now + max(self._every_s, cost / QUICK_SHARE)

    def _visit(self, folders: dict[bytes, Folder], path: bytes, full: bool) -> list[bytes]:
        """Bring one folder up to date. Returns the folders in it."""
        old = folders.get(path, NOTHING)
        try:
            mtime_ns = self._folder_time(path)
            if mtime_ns == old.mtime_ns and not full:
                return []
            names, inside = list_folder(self._full(path), path)
        except (FileNotFoundError, NotADirectoryError):
            folders.pop(path, None)
            self._note_gone(path, old.names)
            self._files -= len(old.names)
            return []
        except OSError as error:  # what was there stays known, and the next look tries again
            log.debug("Cannot list %r: %s", path, error)
            return []
        folders[path] = self._compare(path, old, names, mtime_ns, full)
        return inside

    def _folder_time(self, path: bytes) -> int:
        """When the folder changed; UNKNOWN where it may change again without a newer time."""
        info = os.stat(self._full(path), follow_symlinks=not path)
        if not stat.S_ISDIR(info.st_mode):
            raise NotADirectoryError
        return info.st_mtime_ns if self._now() - info.st_mtime >= SETTLING_S else UNKNOWN - 1

    def _compare(self, path: bytes, old: Folder, names: list[bytes], mtime_ns: int, full: bool) -> Folder:
        """Read the files of a folder that are new or differ, and note those that are gone."""
        prefix = path + b"/" if path else b""
        seen: Hashes | None = None
        if full:
            names, seen = self._stat_all(prefix, names)
        keys = np.fromiter(map(hash, names), np.int64, len(names))
        before = old.stamps_of(keys)
        stamps = before.copy()
        todo = np.flatnonzero(before == 0 if seen is None else before != seen)
        self._read(prefix, names, stamps, todo, self._files - len(old.names) + len(names) - len(todo))
        self._note_gone(path, np.setdiff1d(old.names, keys))
        self._files += len(names) - len(old.names)
        return Folder.of(mtime_ns if stamps.all() else UNKNOWN, keys, stamps)

    def _stat_all(self, prefix: bytes, names: list[bytes]) -> tuple[list[bytes], Hashes]:
        """Those names that are still there, and the stamps of their present sizes and times."""
        base = self._full(prefix)
        present, stamps = [], array("q")
        for name in names:
            try:
                info = os.stat(base + name)
                stamps.append(stamp_of(info.st_size, info.st_mtime_ns))
            except FileNotFoundError:
                continue
            except OSError:
                stamps.append(UNREADABLE)
            present.append(name)
        return present, np.frombuffer(stamps, np.int64) if stamps else NO_HASHES

    def _read(self, prefix: bytes, names: list[bytes], stamps: Hashes, todo: npt.NDArray[np.intp], done: int) -> None:
        """Read the files numbered `todo`, report those that differ, and set their stamps."""
        if not len(todo):
            return
        began = self._cpu()
        found = max(self._expected, done + len(todo))
        for step, i in enumerate(todo):
            if self._stop.is_set():
                raise Stopped
            finding = self._examine(prefix + names[i])
            stamp = 0 if finding is None else stamp_of(finding.size, finding.mtime_ns)
            if finding is not None and stamp != stamps[i]:
                self._findings.append(finding)
            stamps[i] = stamp
            if len(self._findings) >= CHUNK_FILES or self._clock() - self._flushed_at >= CHUNK_SECONDS:
                self._flush()
                self._sink.progress(found, min(found, done + step + 1), False)
        self._reading_s += self._cpu() - began

    def _examine(self, path: bytes) -> Finding | None:
        """What is in a file; None where it vanished or is still being written."""
        try:
            data, info = self._read_file(path)
        except FileNotFoundError:
            return None
        except ImageRejected as error:
            return Finding(path, 0, UNKNOWN, "", 0, 0, str(error))
        except (OSError, MemoryError) as error:
            reason = getattr(error, "strerror", None) or "not enough memory"
            return Finding(path, 0, UNKNOWN, "", 0, 0, f"cannot be read: {reason}")
        if data is None:
            return None
        try:
            image = inspect(data, self._max_pixels)
        except ImageRejected as error:
            if 0 <= self._now() - info.st_mtime < SETTLING_S:
                return None
            return Finding(path, info.st_size, info.st_mtime_ns, "", 0, 0, str(error))
        return Finding(path, info.st_size, info.st_mtime_ns, content_hash(data), image.width, image.height, "")

    def _read_file(self, path: bytes) -> tuple[bytes | None, os.stat_result]:
        """A file's bytes and its status; no bytes where it changed meanwhile.

        Raises OSError, and ImageRejected for a link that leads out of the folder and for what is not a file.
        """
        with open_below(self._root, path) as file:
            before = os.fstat(file.fileno())
            if before.st_size > MAX_FILE_BYTES:
                raise ImageRejected(f"is larger than the limit: {before.st_size:,} bytes, limit {MAX_FILE_BYTES:,}")
            data = file.read()
            after = os.fstat(file.fileno())
        same = len(data) == before.st_size == after.st_size and before.st_mtime_ns == after.st_mtime_ns
        return (data if same else None), after

    def _flush(self) -> None:
        """Hand over what was found; kept for the next time where the sink fails."""
        if self._findings:
            self._sink.found(self._findings)
            self._findings = []
        self._flushed_at = self._clock()

    def _note_gone(self, path: bytes, names: Hashes) -> None:
        if len(names):
            self._gone[path] = np.union1d(self._gone.get(path, NO_HASHES), names)
