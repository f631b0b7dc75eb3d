"""Watches the image folder: what is new, what has changed, what is gone.

Looking again must be cheap and miss nothing, so there are two kinds of look. A quick one asks each folder for its
modification time and lists those that changed: it sees files come and go. A full one also asks every file for its size
and time: it sees files change in place. Each waits until its own cost is a fixed, small share of a core, however
large or deep the tree is.
"""

from __future__ import annotations

import logging
import os
import stat
import threading
import time
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from labeler.examination import SETTLING_S, Finding, examine
from labeler.folders import NO_HASHES, NOTHING, UNKNOWN, Folder, Hashes, hashes_of, list_folder, remember, stamp_of

__all__ = ["Finding", "ScanSink", "Scanner"]

log = logging.getLogger(__name__)

QUICK_SHARE: Final = 0.01
FULL_SHARE: Final = 0.005
CHUNK_FILES: Final = 2_000
CHUNK_SECONDS: Final = 0.3


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
        self._base = os.fsencode(root)
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
        self._flush_at = self._next_look = self._next_full = clock()
        self._reading_s = 0.0

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

    def look(self) -> float:
        """Look once: quickly, or in full where that is due. Returns the seconds to wait before the next look."""
        began, self._reading_s = self._cpu(), 0.0
        full = self._clock() >= self._next_full
        folders = self._start() if self._folders is None else self._folders
        folders.setdefault(b"", NOTHING)
        queue = list(folders)
        for path in queue:
            queue.extend(inside for inside in self._visit(folders, path, full) if inside not in folders)
        self._flush()
        self._report_gone(folders)
        self._expected = 0
        self._sink.progress(self._files, self._files, True)
        return self._schedule(full, self._cpu() - began - self._reading_s)

    def _start(self) -> dict[bytes, Folder]:
        """Begin with what the sink knows, so that only what changed since is read."""
        folders = remember(self._sink.known())
        self._files = sum(len(folder.names) for folder in folders.values())
        self._expected = self._count()
        self._sink.progress(self._expected, min(self._files, self._expected), False)
        self._flush_at = self._clock() + CHUNK_SECONDS
        self._folders = folders
        return folders

    def _count(self) -> int:
        files, queue = 0, [b""]
        for path in queue:
            try:
                names, inside = list_folder(self._base, path)
            except OSError:
                continue
            files += len(names)
            queue.extend(inside)
        return files

    def _schedule(self, full: bool, cost_s: float) -> float:
        """Wait so long that the looking itself stays a fixed share of a core."""
        wait_s = self._every_s
        if full:
            self._next_full = self._clock() + max(wait_s, cost_s / FULL_SHARE)
        else:
            wait_s = max(wait_s, cost_s / QUICK_SHARE)
        self._next_look = self._clock() + wait_s
        return wait_s

    def _visit(self, folders: dict[bytes, Folder], path: bytes, full: bool) -> list[bytes]:
        """Bring one folder up to date. Returns the folders in it where it was listed."""
        old = folders.get(path, NOTHING)
        try:
            mtime_ns = self._folder_time(path)
            if not full and mtime_ns == old.mtime_ns != UNKNOWN:
                return []
            names, inside = list_folder(self._base, path)
        except (FileNotFoundError, NotADirectoryError):
            folders.pop(path, None)
            self._note_gone(path, old.names)
            self._files -= len(old.names)
            return []
        except OSError as error:  # what was there stays known, and a later look tries again
            log.debug("Cannot list %r: %s", path, error)
            return []
        folders[path] = self._compare(path, old, names, mtime_ns, full)
        return inside

    def _folder_time(self, path: bytes) -> int:
        """When the folder changed, in ns; UNKNOWN where that is so recent that it may change again unnoticed."""
        info = os.stat(self._base + b"/" + path, follow_symlinks=not path)  # noqa: PTH116 - Path cannot hold bytes
        if not stat.S_ISDIR(info.st_mode):
            raise NotADirectoryError
        return info.st_mtime_ns if self._now() - info.st_mtime >= SETTLING_S else UNKNOWN

    def _compare(self, path: bytes, old: Folder, names: list[bytes], mtime_ns: int, full: bool) -> Folder:
        """Read the files of a folder that are new or differ, and note those that are gone."""
        prefix = path + b"/" if path else b""
        if full:
            names, seen = self._stamps(prefix, names)
            keys = hashes_of(names)
            stamps = old.stamps_of(keys)
            todo = np.flatnonzero(stamps != seen)
        else:
            keys = hashes_of(names)
            stamps = old.stamps_of(keys)
            todo = np.flatnonzero(stamps == 0)
        if not len(todo) and len(names) == len(old.names):
            return replace(old, mtime_ns=mtime_ns)
        self._read(
            [prefix + names[i] for i in todo], stamps, todo, self._files - len(old.names) + len(names) - len(todo)
        )
        self._note_gone(path, np.setdiff1d(old.names, keys))
        self._files += len(names) - len(old.names)
        return Folder.of(mtime_ns if stamps.all() else UNKNOWN, keys, stamps)

    def _stamps(self, prefix: bytes, names: list[bytes]) -> tuple[list[bytes], Hashes]:
        """Those names that are still there, and the stamps of their present sizes and times."""
        base = self._base + b"/" + prefix
        present, stamps = [], array("q")
        for name in names:
            try:
                info = os.stat(base + name)  # noqa: PTH116
                stamps.append(stamp_of(info.st_size, info.st_mtime_ns))
            except FileNotFoundError:
                continue
            except OSError:
                stamps.append(stamp_of(0, UNKNOWN))
            present.append(name)
        return present, np.frombuffer(stamps, np.int64) if stamps else NO_HASHES

    def _read(self, paths: list[bytes], stamps: Hashes, places: npt.NDArray[np.intp], done: int) -> None:
        """Read files and report those that differ from their stamp; the new ones go to their places in `stamps`."""
        began = self._cpu()
        found = max(self._expected, done + len(paths))
        for path, place in zip(paths, places, strict=True):
            if self._stop.is_set():
                raise Stopped
            finding = examine(self._root, path, self._max_pixels, self._now())
            stamp = 0 if finding is None else stamp_of(finding.size, finding.mtime_ns)
            if finding is not None and stamp != stamps[place]:
                self._findings.append(finding)
            stamps[place] = stamp
            done += 1
            if len(self._findings) >= CHUNK_FILES or self._clock() >= self._flush_at:
                self._hand_over(found, min(done, found))
        self._reading_s += self._cpu() - began

    def _hand_over(self, found: int, indexed: int) -> None:
        """Tell the sink in the middle of a look; a slow one is told less often."""
        began = self._clock()
        self._flush()
        self._sink.progress(found, indexed, False)
        self._flush_at = self._clock() + max(CHUNK_SECONDS, self._clock() - began)

    def _flush(self) -> None:
        """Report what was found; it is kept for the next look where the sink fails."""
        if self._findings:
            self._sink.found(self._findings)
            self._findings = []

    def _note_gone(self, path: bytes, names: Hashes) -> None:
        if len(names):
            self._gone[path] = np.union1d(self._gone.get(path, NO_HASHES), names)

    def _report_gone(self, folders: dict[bytes, Folder]) -> None:
        """Tell the sink which of the files it knows are gone; only it has their names."""
        lost = {p: set(np.setdiff1d(names, folders.get(p, NOTHING).names).tolist()) for p, names in self._gone.items()}
        if any(lost.values()):
            split = ((path, *path.rpartition(b"/")) for path, _, _ in self._sink.known())
            paths = [path for path, folder, _, name in split if hash(name) in lost.get(folder, ())]
            for start in range(0, len(paths), CHUNK_FILES):
                self._sink.gone(paths[start : start + CHUNK_FILES])
        self._gone = {}
