"""The history of metrics: all of it in the database, an even selection of it in memory and on the pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

Row = dict[str, Any]
LIMIT: Final = 1000
FEWEST: Final = 100
MOST_VALUES: Final = 50_000  # of all metrics of all rows: with 100 classes a row has more than 200


class History:
    """An even selection of all evaluations, and always the newest.

    At most `limit` and the newest; fewer where rows are large: FEWEST, or as many as hold MOST_VALUES values.
    """

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
        if len(self._kept) > self._room(row):
            self._kept = self._kept[::2]
            self._stride *= 2

    def _room(self, row: Row) -> int:
        values = max(1, len(row.get("metrics", ())))
        return min(self._limit, max(FEWEST, MOST_VALUES // values))

    def rows(self) -> list[Row]:
        """The selection, oldest first."""
        last_is_kept = bool(self._kept) and self._kept[-1] is self.newest
        return list(self._kept) if last_is_kept or not self.newest else [*self._kept, self.newest]
