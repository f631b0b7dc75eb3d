"""The rounds of the slow loop, as the pages show them: what is tried now, what was accepted, what was refused."""

from __future__ import annotations

import json
from typing import Any, Final

import sqlalchemy as sa

from labeler.database import Database
from labeler.schema import slow_rounds
from shared.messages import SlowReport

SHOWN: Final = 10


class SlowRounds:
    """The newest rounds, newest first. On disk with every change of state; progress is kept in memory alone."""

    def __init__(self, database: Database) -> None:
        self._database = database
        query = sa.select(slow_rounds.c.payload).order_by(slow_rounds.c.time.desc()).limit(SHOWN)
        with database.reading() as c:
            self._rows: list[dict[str, Any]] = [json.loads(payload) for payload in c.scalars(query)]

    def take(self, report: SlowReport, now: float) -> None:
        """Take in a report; the newest of a round wins. now: seconds since the epoch."""
        row = {**report.wire(), "time": now}
        del row["epoch"]
        before = next((r for r in self._rows if r["round"] == report.round), None)
        self._rows = [row, *(r for r in self._rows if r is not before)][:SHOWN]
        if before is None or any(before[key] != row[key] for key in ("state", "sentence", "labels")):
            self._save(row)

    def rows(self) -> list[dict[str, Any]]:
        """`{"round", "state", "labels", "progress", "sentence", "time"}` per round."""
        return self._rows

    def _save(self, row: dict[str, Any]) -> None:
        with self._database.writing() as c:
            c.execute(slow_rounds.delete().where(slow_rounds.c.round == row["round"]))
            c.execute(slow_rounds.insert().values(round=row["round"], time=row["time"], payload=json.dumps(row)))
