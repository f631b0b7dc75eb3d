"""Classes, the append-only annotation log and the history of metrics."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from labeler.database import Database
from labeler.schema import annotation_rows, classes, metrics
from shared.messages import Kind, Lane, LogRow


@dataclass(frozen=True, slots=True)
class Annotation:
    """One row of the log as it was recorded. Times in seconds since the epoch, UTC.

    bulk: the action that labelled this image together with others; None for a label given to this image alone.
    """

    seq: int
    annotation_id: str
    image: int
    kind: Kind
    class_id: int | None
    undoes: str | None
    annotator: str
    lane: Lane
    suggestion: int | None
    accepted: bool | None
    model_version: int | None
    queue_version: int | None
    created_at: float
    duration_ms: int | None
    bulk: str | None = None

    def for_trainer(self) -> LogRow:
        """The part that travels to the trainer."""
        return LogRow(
            seq=self.seq,
            annotation_id=self.annotation_id,
            image=self.image,
            kind=self.kind,
            class_id=self.class_id,
            undoes=self.undoes,
        )


class AnnotationStore:
    """The log and what goes with it. A method that writes returns only after the commit is on disk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def class_names(self) -> dict[int, str]:
        """Class number → present name, in order of number."""
        with self._database.reading() as c:
            rows = c.execute(sa.select(classes.c.id, classes.c.name).order_by(classes.c.id))
            return {row.id: row.name for row in rows}

    def add_class(self, number: int, name: str) -> None:
        """Add a class under a new number."""
        with self._database.writing() as c:
            c.execute(classes.insert().values(id=number, name=name))

    def rename_class(self, number: int, name: str) -> None:
        """Give a class another name."""
        with self._database.writing() as c:
            c.execute(classes.update().where(classes.c.id == number).values(name=name))

    def append(self, rows: Sequence[Annotation]) -> None:
        """Commit rows to the end of the log, all or none."""
        with self._database.writing() as c:
            c.execute(annotation_rows.insert(), [asdict(row) for row in rows])

    def log(self, after: int = 0, limit: int = 1000) -> list[Annotation]:
        """At most `limit` rows with seq > after, in order."""
        query = (
            sa.select(annotation_rows).where(annotation_rows.c.seq > after).order_by(annotation_rows.c.seq).limit(limit)
        )
        with self._database.reading() as c:
            return [_annotation(row) for row in c.execute(query)]

    def rows_at(self, seqs: Sequence[int]) -> dict[int, Annotation]:
        """seq → row."""
        return {row.seq: row for row in self._where_in(annotation_rows.c.seq, seqs)}

    def whole_log(self, chunk: int = 5000) -> Iterator[Annotation]:
        """Every row in order, read in chunks."""
        after = 0
        while rows := self.log(after, chunk):
            yield from rows
            after = rows[-1].seq

    def find(self, annotation_id: str) -> Annotation | None:
        """The row with this id."""
        return self._one(annotation_rows.c.annotation_id == annotation_id)

    def of_bulk(self, bulk: str) -> list[Annotation]:
        """The rows that one bulk action recorded, in order."""
        query = sa.select(annotation_rows).where(annotation_rows.c.bulk == bulk).order_by(annotation_rows.c.seq)
        with self._database.reading() as c:
            return [_annotation(row) for row in c.execute(query)]

    def undos(self, annotation_ids: Sequence[str]) -> dict[str, int]:
        """annotation_id → seq of the row that undoes it, for those that are undone."""
        rows = self._where_in(annotation_rows.c.undoes, annotation_ids)
        return {row.undoes: row.seq for row in rows if row.undoes is not None}

    def history(self, annotator: str, before: int | None, limit: int) -> list[Annotation]:
        """An annotator's rows that are neither undone nor undoings, newest first."""
        undo = annotation_rows.alias()
        undone = sa.exists().where(undo.c.undoes == annotation_rows.c.annotation_id)
        query = (
            sa.select(annotation_rows)
            .where(annotation_rows.c.annotator == annotator, annotation_rows.c.kind != Kind.UNDO, ~undone)
            .order_by(annotation_rows.c.seq.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(annotation_rows.c.seq < before)
        with self._database.reading() as c:
            return [_annotation(row) for row in c.execute(query)]

    def _where_in(self, column: sa.Column[Any], values: Sequence[Any]) -> Iterator[Annotation]:
        query = sa.select(annotation_rows).where(column.in_(sa.bindparam("v", expanding=True)))
        with self._database.reading() as c:
            for start in range(0, len(values), 500):
                yield from map(_annotation, c.execute(query, {"v": values[start : start + 500]}))

    def _one(self, condition: sa.ColumnElement[bool]) -> Annotation | None:
        with self._database.reading() as c:
            row = c.execute(sa.select(annotation_rows).where(condition)).first()
        return _annotation(row) if row else None

    def add_metrics(self, row: dict[str, Any]) -> None:
        """Keep one evaluation for ever."""
        with self._database.writing() as c:
            c.execute(metrics.insert().values(seq=row["seq"], time=row["time"], payload=json.dumps(row)))

    def metrics_history(self) -> Iterator[dict[str, Any]]:
        """Every evaluation, oldest first."""
        with self._database.reading() as c:
            for payload in c.scalars(sa.select(metrics.c.payload).order_by(metrics.c.id)).yield_per(1000):
                yield json.loads(payload)


def _annotation(row: sa.Row[Any]) -> Annotation:
    values = dict(row._mapping)
    return Annotation(**values | {"kind": Kind(values["kind"]), "lane": Lane(values["lane"])})
