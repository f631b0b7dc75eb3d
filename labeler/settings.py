"""The configuration in force: what people changed while it ran, on disk with time and person."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from labeler.board import Board, Topic
from labeler.database import Database
from labeler.queue import Status
from labeler.schema import settings
from shared.config import Config
from shared.errors import InvalidInput
from shared.steering import Recall, RecallKind, Steering, overrides_of, sound, steered, value_of

log = logging.getLogger(__name__)

Row = dict[str, Any]
OF_CLASSES: Final = ("precision", "recall")  # families of metrics with a goal per class


class Settings:
    """What is configured, and every change of it; a change is one row. Thread-safe; what returns is on disk."""

    def __init__(self, base: Config, database: Database, board: Board, clock: Callable[[], float]) -> None:
        """base: the configuration as it was started with. clock: seconds since the epoch."""
        self.base = base
        self._database = database
        self._board = board
        self._clock = clock
        newest = self._newest()
        overrides, dropped = sound(base, newest.get("overrides", {}))
        for sentence in dropped:
            log.warning("a setting that was changed before is not used any more: %s", sentence)
        self.revision: int = newest.get("revision", 0)
        self.config = steered(base, overrides)
        self._recall = next((Recall.parse(row["recall"]) for row in self._rows() if row["recall"]), None)

    @property
    def steering(self) -> Steering:
        """What the trainer is told."""
        return Steering(revision=self.revision, overrides=overrides_of(self.config, self.base), recall=self._recall)

    def tell(self) -> None:
        """Have the trainer told once more: what it is told beside the settings has changed."""
        self._board.tell(Topic.SETTINGS)

    def change(self, values: Mapping[str, Any], person: str) -> None:
        """Change settings, all or none. Raises InvalidInput with the range, StorageFull."""
        with self._board.lock:
            config = steered(self.base, {**overrides_of(self.config, self.base), **values})
            self._check_classes(config)
            self._adopt(config, person, None)

    def recall(self, kind: RecallKind, version: int, space: str, revision: int, person: str) -> None:
        """Go back to the network of a version, or train on from it. A rollback also brings back the settings it had.

        revision: of the settings of that version. Raises StorageFull.
        """
        with self._board.lock:
            config = self.config
            if kind is RecallKind.ROLLBACK:
                config = steered(self.base, sound(self.base, self._at(revision))[0])
            recall = Recall(kind=kind, revision=self.revision + 1, version=version, space=space)
            self._adopt(config, person, recall)

    def rename_class(self, old: str, new: str) -> None:
        """What is set for a class by name follows it to its new name. Raises StorageFull."""
        with self._board.lock:
            goals = {f"{family}/{old}": f"{family}/{new}" for family in OF_CLASSES}
            renamed = {
                key: _renamed(value_of(self.config, key), names)
                for key, names in (
                    ("train.class_weights", {old: new}),
                    ("train.costs", {old: new}),
                    ("stop.thresholds", goals),
                )
            }
            self._adopt(steered(self.config, renamed), "", None)

    def changes(self, limit: int) -> list[Row]:
        """The newest changes first: `{"revision", "time", "person", "labels", "key", "old", "new"}` each.

        labels: training labels at that time. A rollback has the key `rollback` and the version as its new value; to
        begin the next round of fine-tuning from a version has the key `finetune`.
        """
        found: list[Row] = []
        for row in self._rows():
            about = {name: row[name] for name in ("revision", "time", "person", "labels")}
            wish = row["recall"]
            recalled = [{"key": wish["kind"], "old": None, "new": wish["version"]}] if wish else []
            found += [{**about, **change} for change in recalled + row["changes"]]
            if len(found) >= limit:
                break
        return found[:limit]

    def _adopt(self, config: Config, person: str, recall: Recall | None) -> None:
        new = overrides_of(config, self.config)
        changes = [{"key": key, "old": value_of(self.config, key), "new": value} for key, value in new.items()]
        if not changes and recall is None:
            return
        row = {
            "revision": self.revision + 1,
            "time": self._clock(),
            "person": person,
            "labels": self._board.queue.count(Status.LABELLED, test=False),
            "changes": changes,
            "overrides": overrides_of(config, self.base),
            "recall": recall.wire() if recall else None,
        }
        with self._database.writing() as c:
            c.execute(settings.insert().values(revision=row["revision"], time=row["time"], payload=json.dumps(row)))
        self.config, self.revision, self._recall = config, self.revision + 1, recall or self._recall
        self._board.tell(Topic.SETTINGS, Topic.STATE)

    def _check_classes(self, config: Config) -> None:
        """Raise InvalidInput for a class that nobody has added and that was not named before."""
        known = set(self._board.class_names.values())
        for key, names in _CLASSES_IN.items():
            for name in names(config) - names(self.config) - names(self.base):
                if name not in known:
                    raise InvalidInput(f"{key} names the class {name[:80]!r}, which there is not; add it first", key)

    def _at(self, revision: int) -> dict[str, Any]:
        query = sa.select(settings.c.payload).where(settings.c.revision <= revision)
        with self._database.reading() as c:
            payload = c.scalar(query.order_by(settings.c.revision.desc()).limit(1))
        return {} if payload is None else dict(json.loads(payload)["overrides"])

    def _newest(self) -> Row:
        return next(iter(self._rows(1)), {})

    def _rows(self, limit: int | None = None) -> list[Row]:
        query = sa.select(settings.c.payload).order_by(settings.c.revision.desc()).limit(limit)
        with self._database.reading() as c:
            return [json.loads(payload) for payload in c.scalars(query)]


def _weighed(config: Config) -> set[str]:
    return set(config.train.class_weights)


def _with_costs(config: Config) -> set[str]:
    return {*config.train.costs, *(said for row in config.train.costs.values() for said in row)}


def _with_goal(config: Config) -> set[str]:
    families = [name.partition("/") for name in config.stop.thresholds]
    return {name for family, _, name in families if family in OF_CLASSES}


def _renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A mapping with other names for some keys, also of the mappings in it."""
    return {
        names.get(name, name): _renamed(value, names) if isinstance(value, dict) else value
        for name, value in values.items()
    }


_CLASSES_IN: Final[Mapping[str, Callable[[Config], set[str]]]] = {
    "train.class_weights": _weighed,
    "train.costs": _with_costs,
    "stop.thresholds": _with_goal,
}
