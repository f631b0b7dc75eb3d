"""The history of metrics: all of it in the database, an even selection of it in memory and on the pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]
LIMIT = 1000


class History:
    """At most about `limit` evaluations, evenly spread over all there were, and always the newest."""

    def __init__(self, rows: Iterable[Row] = (), limit: int = LIMIT) -> None:
        self.newest: Row = {}
        self._limit = limit
        self._kept: list[Row] = []
        self._stride = 1
        self._count = 0
        for row in rows:
            self.add(row)

    def add(self, row: Row) -> None:
        """Take in the next evaluation."""
        self.newest = row
        if self._count % self._stride == 0:
            self._kept.append(row)
        self._count += 1
        if len(self._kept) > self._limit:
            self._kept = self._kept[::2]
            self._stride *= 2

    def rows(self) -> list[Row]:
        """The selection, oldest first."""
        last_is_kept = bool(self._kept) and self._kept[-1] is self.newest
        return list(self._kept) if last_is_kept or not self.newest else [*self._kept, self.newest]
