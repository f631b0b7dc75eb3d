"""How far the pool has been read, on the terminal."""

from __future__ import annotations

import logging
from typing import Final, TextIO

log = logging.getLogger(__name__)

WIDTH: Final = 30


class Progress:
    """One line that is drawn over on a terminal; elsewhere a line of the log for each tenth."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._drawn = stream.isatty()
        self._tenth = 0

    def show(self, done: int, total: int) -> None:
        """`done` of `total` images have been read."""
        if self._drawn:
            filled = WIDTH * done // max(total, 1)
            bar = "#" * filled + "-" * (WIDTH - filled)
            self._stream.write(f"\rreading images [{bar}] {done:,} of {total:,}" + ("\n" if done >= total else ""))
            self._stream.flush()
            return
        tenth = 10 * done // max(total, 1)
        if tenth != self._tenth:
            log.info("read %d of %d images", done, total)
        self._tenth = tenth
