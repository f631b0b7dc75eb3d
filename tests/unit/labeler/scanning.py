"""Image files as if they had been there for long, and a scanner whose clocks stand."""

from __future__ import annotations

import io
import itertools
import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from labeler.scanner import Finding, Scanner

LONG_AGO = 1_600_000_000
TICKS = itertools.count()


def image_bytes(seed: int = 0, size: tuple[int, int] = (8, 6)) -> bytes:
    target = io.BytesIO()
    rng = random.Random(seed)
    Image.new("RGB", size, tuple(rng.randrange(256) for _ in range(3))).save(target, "PNG")
    return target.getvalue()


def put(root: Path, name: str | bytes, data: bytes | None = None, mtime: float = LONG_AGO) -> Path:
    """A file as if it had been there for long; its folders' times are old and new to the scanner at once."""
    path = root / os.fsdecode(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(image_bytes() if data is None else data)
    os.utime(path, (mtime, mtime))
    for folder in path.relative_to(root).parents:
        tick = LONG_AGO + next(TICKS)
        os.utime(root / folder, (tick, tick))
    return path


class Catalogue:
    """A sink that keeps what it is told."""

    def __init__(self) -> None:
        self.files: dict[bytes, Finding] = {}
        self.steps: list[tuple[int, int, bool]] = []
        self.reports: list[bytes] = []
        self.fail: Callable[[], None] = lambda: None

    def known(self) -> list[tuple[bytes, int, int]]:
        return [(f.path, f.size, f.mtime_ns) for f in self.files.values()]

    def progress(self, found: int, indexed: int, done: bool) -> None:
        self.steps.append((found, indexed, done))

    def found(self, findings: Sequence[Finding]) -> None:
        self.fail()
        assert self.steps, "the number of files is told first"
        self.reports += [f.path for f in findings]
        self.files |= {f.path: f for f in findings}

    def gone(self, paths: Sequence[bytes]) -> None:
        self.fail()
        self.reports += paths
        for path in paths:
            del self.files[path]

    def reasons(self) -> dict[bytes, str]:
        return {path: f.reason for path, f in self.files.items() if f.reason}

    def usable(self) -> set[bytes]:
        return {path for path, f in self.files.items() if not f.reason}


class Bench:
    """A scanner whose clocks stand until they are moved."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sink = Catalogue()
        self.now = 2_000_000_000.0
        self.time = 0.0
        self.spent = 0.0
        self.scanner = self.restart()

    def restart(self) -> Scanner:
        self.scanner = Scanner(
            self.root, self.sink, 3.0, 1_000_000, clock=lambda: self.time, cpu=lambda: self.spent, now=lambda: self.now
        )
        return self.scanner

    def look(self, seconds: float = 1.0) -> Catalogue:
        """A quick look; one after `seconds` >= 3 is a full one."""
        self.sink.reports.clear()
        self.scanner.look()
        self.time += seconds
        return self.sink
