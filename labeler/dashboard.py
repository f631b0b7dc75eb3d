"""What the dashboard shows beside state and metrics: who labels how fast, how far the goal is, how calibrated."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from labeler.analysis.forecast import Forecast, Point, forecast
from labeler.analysis.pace import per_minute
from labeler.board import IMPORTER
from labeler.database import Database
from labeler.history import History, Row
from labeler.schema import annotation_rows, metrics
from shared.config import Threshold
from shared.messages import Kind

CHUNK = 5000
TWICE_NORMAL = 2 * 1.959964  # how many standard errors a 95 % interval is wide


class _Row(NamedTuple):
    seq: int
    annotation_id: str
    kind: str
    undoes: str | None
    annotator: str
    bulk: str | None
    created_at: float


_ROWS = sa.select(*(annotation_rows.c[name] for name in _Row._fields))


class Contributions:
    """Labels by person and by minute, without those taken back. The log is read on when somebody asks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._seq = 0
        self._people: Counter[str] = Counter()
        self._minutes: Counter[int] = Counter()

    def people(self) -> dict[str, int]:
        """Labels by annotator, most first."""
        with self._lock:
            self._read_on()
            return {name: count for name, count in self._people.most_common() if count}

    def minutes(self) -> dict[int, int]:
        """Labels that people gave one by one, by minute since the epoch."""
        with self._lock:
            self._read_on()
            return dict(self._minutes)

    def _read_on(self) -> None:
        while rows := self._rows(annotation_rows.c.seq > self._seq):
            self._seq = rows[-1].seq
            for row in rows:
                self._count(row, 1)
            for row in self._undone(rows):
                self._count(row, -1)

    def _count(self, row: _Row, step: int) -> None:
        if row.kind != Kind.LABEL:
            return
        self._people[row.annotator] += step
        if row.bulk is None and row.annotator != IMPORTER:
            self._minutes[int(row.created_at // 60)] += step

    def _undone(self, rows: Iterable[_Row]) -> Iterator[_Row]:
        ids = [row.undoes for row in rows if row.undoes is not None]
        for start in range(0, len(ids), 500):
            yield from self._rows(annotation_rows.c.annotation_id.in_(ids[start : start + 500]))

    def _rows(self, condition: sa.ColumnElement[bool]) -> list[_Row]:
        query = _ROWS.where(condition).order_by(annotation_rows.c.seq).limit(CHUNK)
        with self._database.reading() as c:
            return [_Row(*row) for row in c.execute(query)]


class Dashboard:
    """Made from the log and the history when a page asks; nothing is computed while nobody looks."""

    def __init__(self, database: Database, history: History) -> None:
        self._database = database
        self._history = history
        self._contributions = Contributions(database)
        self._forecasts: dict[str, tuple[Row, float, Forecast]] = {}

    def view(self, thresholds: Mapping[str, Threshold]) -> dict[str, Any]:
        """`GET /api/dashboard`, but for what rests on predictions."""
        starts, rates, length = per_minute(self._contributions.minutes())
        return {
            "people": [{"annotator": name, "labels": count} for name, count in self._contributions.people().items()],
            "pace": {"starts": starts, "per_minute": rates, "interval_s": length},
            "forecast": [self._forecast(metric, rule) for metric, rule in thresholds.items()],
            "pool": self._history.newest.get("pool"),
        }

    def history(self, since: float, until: float) -> list[Row]:
        """Evaluations between two times (seconds since the epoch), at most about a thousand, evenly spread."""
        query = sa.select(metrics.c.payload).where(metrics.c.time.between(since, until)).order_by(metrics.c.id)
        with self._database.reading() as c:
            return History(json.loads(payload) for payload in c.scalars(query).yield_per(1000)).rows()

    def _forecast(self, metric: str, rule: Threshold) -> dict[str, Any]:
        goal, rising = (rule.at_least, True) if rule.at_least is not None else (rule.at_most or 0.0, False)
        newest = self._history.newest
        known = self._forecasts.get(metric)
        if known is None or known[0] is not newest or known[1] != goal:
            known = newest, goal, forecast(points(self._history.rows(), metric), goal, rising)
            self._forecasts[metric] = known
        said = known[2]
        return {
            "metric": metric,
            "goal": goal,
            "needed": said.needed,
            "low": said.low,
            "high": said.high,
            "reason": said.reason,
        }


def points(rows: Iterable[Row], metric: str) -> list[Point]:
    """A metric against training labels; of several evaluations at one number the newest counts."""
    found = {}
    for row in rows:
        value = row["metrics"].get(metric)
        if value is not None:
            low, high = value["low"], value["high"]
            error = 0.0 if low is None or high is None else (high - low) / TWICE_NORMAL
            found[row["labels"]] = Point(row["labels"], value["value"], error, value["n"])
    return [found[labels] for labels in sorted(found)]
