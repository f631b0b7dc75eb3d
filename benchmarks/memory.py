"""The most memory that this process had in use while something ran."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MB: Final = 1_000_000
PROC: Final = Path("/proc/self")


@dataclass(slots=True)
class Peak:
    """added_mb: the most in use above what was in use before."""

    added_mb: float = 0.0


@contextmanager
def peak() -> Iterator[Peak]:
    """Measure resident memory, native libraries and mapped files included, while the block runs.

    What the process had already and uses again is not counted. On Linux the high-water mark is reset before; elsewhere
    it can only grow, so that only what goes beyond everything before is seen.
    """
    found = Peak()
    before = _restart()
    try:
        yield found
    finally:
        found.added_mb = max(0.0, (_high_water() - before) / MB)


def _restart() -> float:
    with suppress(OSError):
        (PROC / "clear_refs").write_text("5")
    return _high_water()


def _high_water() -> float:
    """In bytes."""
    try:
        status = dict(line.split(":", 1) for line in (PROC / "status").read_text().splitlines())
        return float(status["VmHWM"].split()[0]) * 1024
    except (OSError, KeyError):
        unit = 1 if sys.platform == "darwin" else 1024
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * unit
