"""The one database: images, classes, the append-only annotation log, the history of metrics."""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from labeler.schema import SCHEMA_VERSION, annotations, classes, files, images, meta, metadata, metrics
from shared.errors import StartRefused, StorageFull
from shared.messages import Kind, Lane, LogRow


@dataclass(frozen=True, slots=True)
class Annotation:
    """One row of the log as it was recorded. Times in seconds since the epoch, UTC."""

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


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image, that is one content, however many files hold it. `path` is one of them."""

    number: int
    image_id: str
    width: int
    height: int
    lane: str
    reason: str
    present: bool
    change: int
    path: bytes


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file as it was last seen; image is None where it cannot be used, for the `reason` given."""

    path: bytes
    size: int
    mtime_ns: int
    image: int | None
    reason: str
    present: bool


class AnnotationStore:
    """Everything that must survive, in one SQL database.

    A method that writes returns only after the commit is on disk. Raises StorageFull where the disk
    refuses; nothing of that call is kept then.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._write_lock = threading.Lock()

    @classmethod
    def open(cls, path: Path) -> AnnotationStore:
        """The store in the SQLite file `path`, made if missing. Raises StartRefused for a newer schema."""
        engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 10})
        sa.event.listen(engine, "connect", _prepare_connection)
        store = cls(engine)
        store._create()
        return store

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    # --- meta -----------------------------------------------------------------------------------

    def get_meta(self, key: str, default: str = "") -> str:
        """A setting that survives restarts."""
        with self._engine.connect() as c:
            value = c.scalar(sa.select(meta.c.value).where(meta.c.key == key))
        return default if value is None else str(value)

    def set_meta(self, key: str, value: str) -> None:
        """Keep a setting."""
        with self._writing() as c:
            _put_meta(c, key, value)

    @property
    def log_id(self) -> str:
        """The identity of this log, a UUID made with the database."""
        return self.get_meta("log_id")

    # --- classes --------------------------------------------------------------------------------

    def class_names(self) -> dict[int, str]:
        """Class number → present name, in order of number."""
        with self._engine.connect() as c:
            rows = c.execute(sa.select(classes.c.id, classes.c.name).order_by(classes.c.id))
            return {row.id: row.name for row in rows}

    def add_classes(self, named: dict[int, str]) -> None:
        """Add classes under new numbers."""
        with self._writing() as c:
            c.execute(classes.insert(), [{"id": number, "name": name} for number, name in named.items()])

    def rename_class(self, number: int, name: str) -> None:
        """Give a class another name."""
        with self._writing() as c:
            c.execute(classes.update().where(classes.c.id == number).values(name=name))

    # --- the log --------------------------------------------------------------------------------

    def append(self, rows: Sequence[Annotation]) -> None:
        """Commit rows to the end of the log, all or none."""
        with self._writing() as c:
            c.execute(annotations.insert(), [asdict(row) for row in rows])

    def last_seq(self) -> int:
        """The newest sequence number, 0 for an empty log."""
        with self._engine.connect() as c:
            return c.scalar(sa.select(sa.func.max(annotations.c.seq))) or 0

    def log(self, after: int = 0, limit: int = 1000) -> list[Annotation]:
        """At most `limit` rows with seq > after, in order."""
        query = sa.select(annotations).where(annotations.c.seq > after).order_by(annotations.c.seq).limit(limit)
        with self._engine.connect() as c:
            return [_annotation(row) for row in c.execute(query)]

    def whole_log(self, chunk: int = 5000) -> Iterator[Annotation]:
        """Every row in order, read in chunks."""
        after = 0
        while rows := self.log(after, chunk):
            yield from rows
            after = rows[-1].seq

    def find_annotation(self, annotation_id: str) -> Annotation | None:
        """The row with this id."""
        return self._one_annotation(annotations.c.annotation_id == annotation_id)

    def find_undo(self, annotation_id: str) -> Annotation | None:
        """The row that undoes the annotation with this id."""
        return self._one_annotation(annotations.c.undoes == annotation_id)

    def history(self, annotator: str, before: int | None, limit: int) -> list[Annotation]:
        """An annotator's rows that are neither undone nor undoings, newest first."""
        undo = annotations.alias()
        undone = sa.exists().where(undo.c.undoes == annotations.c.annotation_id)
        query = (
            sa.select(annotations)
            .where(annotations.c.annotator == annotator, annotations.c.kind != Kind.UNDO, ~undone)
            .order_by(annotations.c.seq.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(annotations.c.seq < before)
        with self._engine.connect() as c:
            return [_annotation(row) for row in c.execute(query)]

    def _one_annotation(self, condition: sa.ColumnElement[bool]) -> Annotation | None:
        with self._engine.connect() as c:
            row = c.execute(sa.select(annotations).where(condition)).first()
        return _annotation(row) if row else None

    # --- images and files -----------------------------------------------------------------------

    def image_keys(self) -> Iterator[tuple[int, str, str, bool]]:
        """(number, image_id, lane, usable?) of every image, in order of number."""
        query = sa.select(images.c.number, images.c.image_id, images.c.lane, images.c.present, images.c.reason)
        with self._engine.connect() as c:
            for row in c.execute(query.order_by(images.c.number)).yield_per(5000):
                yield row.number, row.image_id, row.lane, bool(row.present) and not row.reason

    def find_images(self, ids: Iterable[str]) -> dict[str, ImageRow]:
        """image_id → row, for those ids that are known."""
        return {row.image_id: row for row in self._image_rows(images.c.image_id, list(ids))}

    def images_by_number(self, numbers: Iterable[int]) -> dict[int, ImageRow]:
        """Number → row."""
        return {row.number: row for row in self._image_rows(images.c.number, list(numbers))}

    def images_changed(self, after: int, limit: int) -> list[ImageRow]:
        """At most `limit` images with change > after, in order of change."""
        query = _IMAGES.where(images.c.change > after).order_by(images.c.change).limit(limit)
        with self._engine.connect() as c:
            return [_image(row) for row in c.execute(query)]

    def last_change(self) -> int:
        """The newest change number."""
        with self._engine.connect() as c:
            return c.scalar(sa.select(sa.func.max(images.c.change))) or 0

    def known_files(self) -> Iterator[tuple[bytes, int, int]]:
        """(path, size, mtime_ns) of every file that was present when last looked at."""
        query = sa.select(files.c.path, files.c.size, files.c.mtime_ns).where(files.c.present)
        with self._engine.connect() as c:
            for row in c.execute(query).yield_per(5000):
                yield row.path, row.size, row.mtime_ns

    def files_of(self, paths: Sequence[bytes]) -> dict[bytes, FileRow]:
        """Path → row, for those paths that are known."""
        found: dict[bytes, FileRow] = {}
        with self._engine.connect() as c:
            for part in _chunks(paths):
                found |= {row.path: FileRow(*row) for row in c.execute(_FILES.where(files.c.path.in_(part)))}
        return found

    def present_files(self) -> Iterator[tuple[bytes, int]]:
        """(path, image number) of every usable file."""
        query = sa.select(files.c.path, files.c.image).where(files.c.present, files.c.image.is_not(None))
        with self._engine.connect() as c:
            for row in c.execute(query.order_by(files.c.path)).yield_per(5000):
                yield row.path, row.image

    def images_with_files(self, numbers: Iterable[int]) -> set[int]:
        """Which of these images some present file still holds."""
        found: set[int] = set()
        with self._engine.connect() as c:
            for part in _chunks(list(numbers)):
                query = sa.select(files.c.image).where(files.c.present, files.c.image.in_(part)).distinct()
                found |= set(c.scalars(query))
        return found

    def save_files(self, new_images: Sequence[ImageRow], rows: Sequence[FileRow], presence: dict[int, bool]) -> None:
        """Commit what a look at the folder found: new images, files, and which images are (no longer) there."""
        with self._writing() as c:
            if new_images:
                c.execute(images.insert(), [_without_path(row) for row in new_images])
            for row in rows:
                c.execute(_UPSERT_FILE, asdict(row))
            change = c.scalar(sa.select(sa.func.max(images.c.change))) or 0
            for step, (number, present) in enumerate(presence.items(), 1):
                values = {"present": present, "change": change + step}
                c.execute(images.update().where(images.c.number == number).values(values))

    def mark_unreadable(self, reasons: dict[int, str]) -> None:
        """Note that images cannot be decoded after all."""
        with self._writing() as c:
            change = c.scalar(sa.select(sa.func.max(images.c.change))) or 0
            for step, (number, reason) in enumerate(reasons.items(), 1):
                values = {"reason": reason, "change": change + step}
                c.execute(images.update().where(images.c.number == number).values(values))

    def file_counts(self) -> dict[str, int]:
        """How many present files are unreadable, or doubles of another file; how many files are gone."""
        present = files.c.present
        usable = present & files.c.image.is_not(None)
        bad_images = sa.select(images.c.number).where(images.c.reason != "")
        with self._engine.connect() as c:
            unreadable = c.scalar(_count().where(present & (files.c.image.is_(None) | files.c.image.in_(bad_images))))
            distinct = c.scalar(sa.select(sa.func.count(files.c.image.distinct())).where(usable)) or 0
            total = c.scalar(_count().where(usable)) or 0
            gone = c.scalar(_count().where(~present)) or 0
        return {"unreadable": unreadable or 0, "duplicates": total - distinct, "removed": gone}

    def problem_files(self, problem: str, offset: int, limit: int) -> tuple[list[FileRow], int]:
        """A page of the files that are `unreadable`, `duplicate` or `removed`, and how many there are."""
        bad_images = sa.select(images.c.number).where(images.c.reason != "")
        first = sa.select(sa.func.min(files.c.path)).where(files.c.present, files.c.image.is_not(None))
        conditions = {
            "unreadable": files.c.present & (files.c.image.is_(None) | files.c.image.in_(bad_images)),
            "duplicate": files.c.present
            & files.c.image.is_not(None)
            & files.c.path.not_in(first.group_by(files.c.image).scalar_subquery()),
            "removed": ~files.c.present,
        }
        condition = conditions[problem]
        with self._engine.connect() as c:
            query = _FILES.where(condition).order_by(files.c.path).offset(offset).limit(limit)
            rows = [FileRow(*row) for row in c.execute(query)]
            return rows, c.scalar(_count().where(condition)) or 0

    def _image_rows(self, column: sa.Column[Any], keys: list[Any]) -> Iterator[ImageRow]:
        with self._engine.connect() as c:
            for part in _chunks(keys):
                for row in c.execute(_IMAGES.where(column.in_(part))):
                    yield _image(row)

    # --- metrics --------------------------------------------------------------------------------

    def add_metrics(self, row: dict[str, Any]) -> None:
        """Keep one evaluation for ever."""
        with self._writing() as c:
            c.execute(metrics.insert().values(seq=row["seq"], time=row["time"], payload=json.dumps(row)))

    def metrics_history(self) -> list[dict[str, Any]]:
        """Every evaluation, oldest first."""
        with self._engine.connect() as c:
            rows = c.scalars(sa.select(metrics.c.payload).order_by(metrics.c.id))
            return [json.loads(payload) for payload in rows]

    # --- inside ---------------------------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        try:
            with self._write_lock, self._engine.begin() as connection:
                yield connection
        except OperationalError as error:
            if _is_full(error):
                raise StorageFull(
                    "the disk is full, so nothing was saved; free some space, what waits here is sent again by itself"
                ) from error
            raise

    def _create(self) -> None:
        metadata.create_all(self._engine)
        with self._writing() as c:
            version = c.scalar(sa.select(meta.c.value).where(meta.c.key == "schema"))
            if version is None:
                _put_meta(c, "schema", str(SCHEMA_VERSION))
                _put_meta(c, "log_id", str(uuid.uuid4()))
            elif int(version) != SCHEMA_VERSION:
                raise StartRefused(
                    f"the database has schema {version}, this program knows {SCHEMA_VERSION}; use the newer program"
                )


_IMAGES = sa.select(
    images,
    sa.select(sa.func.min(files.c.path))
    .where(files.c.image == images.c.number, files.c.present)
    .scalar_subquery()
    .label("path"),
)
_FILES = sa.select(files.c.path, files.c.size, files.c.mtime_ns, files.c.image, files.c.reason, files.c.present)
_UPSERT_FILE = sa.text(
    "INSERT INTO files (path, size, mtime_ns, image, reason, present)"
    " VALUES (:path, :size, :mtime_ns, :image, :reason, :present)"
    " ON CONFLICT (path) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns,"
    " image = excluded.image, reason = excluded.reason, present = excluded.present"
)


def _count() -> sa.Select[tuple[int]]:
    return sa.select(sa.func.count()).select_from(files)


def _chunks[T](items: Sequence[T], size: int = 500) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _put_meta(connection: sa.Connection, key: str, value: str) -> None:
    connection.execute(meta.delete().where(meta.c.key == key))
    connection.execute(meta.insert().values(key=key, value=value))


def _without_path(row: ImageRow) -> dict[str, Any]:
    values = asdict(row)
    del values["path"]
    return values


def _image(row: sa.Row[Any]) -> ImageRow:
    return ImageRow(
        row.number, row.image_id, row.width, row.height, row.lane, row.reason, row.present, row.change, row.path or b""
    )


def _annotation(row: sa.Row[Any]) -> Annotation:
    values = dict(row._mapping)
    return Annotation(**values | {"kind": Kind(values["kind"]), "lane": Lane(values["lane"])})


def _prepare_connection(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _is_full(error: OperationalError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
