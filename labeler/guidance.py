"""What the trainer says about stopping: how far each threshold is, and what each rule advises."""

from __future__ import annotations

import json
from collections.abc import Iterable

from labeler.database import Database
from shared.messages import Advice, MetricsReport, StopOutlook

KEY = "guidance"


class Guidance:
    """The newest outlook and advice. Kept in the database, so that a restart shows them before the trainer is back."""

    def __init__(self, database: Database) -> None:
        self._database = database
        kept = json.loads(database.get_meta(KEY, "{}"))
        self.outlook = [StopOutlook.parse(line) for line in kept.get("outlook", [])]
        self.advice = [Advice.parse(line) for line in kept.get("advice", [])]

    def take(self, report: MetricsReport) -> bool:
        """Take in what a report says. Returns whether that differs from what was known."""
        if (report.outlook, report.advice) == (self.outlook, self.advice):
            return False
        self.outlook, self.advice = report.outlook, report.advice
        self._database.set_meta(**{KEY: json.dumps({"outlook": _wire(self.outlook), "advice": _wire(self.advice)})})
        return True


def _wire(lines: Iterable[StopOutlook | Advice]) -> list[object]:
    return [line.wire() for line in lines]
