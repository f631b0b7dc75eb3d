"""The rounds of the slow loop, as the pages show them: what is tried now, what was accepted, what was refused."""

from __future__ import annotations

import json
from typing import Any, Final

import sqlalchemy as sa

from labeler.database import Database
from labeler.schema import slow_rounds
from shared.messages import SlowReport, SlowState

SHOWN: Final = 10
STEPS: Final = {SlowState.TRAINING: 0, SlowState.EMBEDDING: 1}
ENDED: Final = 2


class SlowRounds:
    """The newest rounds, newest first. On disk with every change of state; progress is kept in memory alone."""

    def __init__(self, database: Database) -> None:
        self._database = database
        query = sa.select(slow_rounds.c.round, slow_rounds.c.payload).order_by(slow_rounds.c.round.desc()).limit(SHOWN)
        with database.reading() as c:
            self._rows: dict[int, dict[str, Any]] = {
                number: json.loads(payload) for number, payload in c.execute(query)
            }

    def take(self, report: SlowReport, now: float) -> None:
        """Take in a report, unless a newer one of its round is here. now: seconds since the epoch."""
        before = self._rows.get(report.round)
        row = {**report.wire(), "time": now}
        if before is not None and _is_older(row, before):
            return
        newest = sorted({*self._rows, report.round}, reverse=True)[:SHOWN]
        self._rows = {number: row if number == report.round else self._rows[number] for number in newest}
        if before is None or any(before[key] != row[key] for key in ("state", "sentence", "labels")):
            self._save(row)

    def rows(self) -> list[dict[str, Any]]:
        """`{"round", "state", "labels", "progress", "sentence", "time"}` per round."""
        return [{key: value for key, value in row.items() if key != "epoch"} for row in self._rows.values()]

    def _save(self, row: dict[str, Any]) -> None:
        with self._database.writing() as c:
            c.execute(slow_rounds.delete().where(slow_rounds.c.round == row["round"]))
            c.execute(slow_rounds.insert().values(round=row["round"], time=row["time"], payload=json.dumps(row)))


def _is_older(row: dict[str, Any], before: dict[str, Any]) -> bool:
    """Messages may overtake each other on the way; within an epoch a round only goes forward."""
    return row["epoch"] == before["epoch"] and _place(row) < _place(before)


def _place(row: dict[str, Any]) -> tuple[int, float]:
    step = STEPS.get(SlowState(row["state"]), ENDED)
    return step, 1.0 if step == ENDED else row["progress"]
