"""The one SQLite database: opened safely, written by one thread at a time, committed before it answers."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from labeler.schema import MIGRATIONS, SCHEMA_VERSION, meta, metadata
from shared.errors import StartRefused, StorageFull


class Database:
    """Connections to the database. What is written in one `writing()` block is kept whole or not at all."""

    def __init__(self, path: Path) -> None:
        """Open the file `path`, made if missing and brought to this program's schema.

        Raises StartRefused for a schema this program does not know.
        """
        self._engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 10})
        sa.event.listen(self._engine, "connect", _prepare_connection)
        self._write_lock = threading.Lock()
        self._bring_up_to_date()
        metadata.create_all(self._engine)
        self._name_log()

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that sees everything committed so far."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction, on disk when the block ends. Raises StorageFull where the disk refuses it."""
        try:
            with self._write_lock, self._engine.begin() as connection:
                yield connection
        except OperationalError as error:
            if _is_full(error):
                raise StorageFull(
                    "the disk is full, so nothing was saved; free some space, what waits here is sent again by itself"
                ) from error
            raise

    def get_meta(self, key: str, default: str = "") -> str:
        """A setting that survives restarts."""
        with self.reading() as c:
            value = c.scalar(sa.select(meta.c.value).where(meta.c.key == key))
        return default if value is None else str(value)

    def set_meta(self, **values: str) -> None:
        """Keep settings, all at once."""
        with self.writing() as c:
            for key, value in values.items():
                c.execute(meta.delete().where(meta.c.key == key))
                c.execute(meta.insert().values(key=key, value=value))

    @property
    def log_id(self) -> str:
        """The identity of this log, a UUID made with the database."""
        return self.get_meta("log_id")

    def _bring_up_to_date(self) -> None:
        meta.create(self._engine, checkfirst=True)
        found = self.get_meta("schema")
        if not found or int(found) == SCHEMA_VERSION:
            return
        if int(found) not in MIGRATIONS:
            raise StartRefused(
                f"the database has schema {found}, this program knows up to {SCHEMA_VERSION}; "
                "use the program that wrote it"
            )
        with self.writing() as c:
            c.exec_driver_sql("BEGIN IMMEDIATE")  # else SQLite commits each of these statements by itself
            for version in range(int(found), SCHEMA_VERSION):
                for statement in MIGRATIONS[version]:
                    c.exec_driver_sql(statement)
            c.execute(meta.update().where(meta.c.key == "schema").values(value=str(SCHEMA_VERSION)))

    def _name_log(self) -> None:
        if not self.get_meta("log_id"):
            self.set_meta(schema=str(SCHEMA_VERSION), log_id=str(uuid.uuid4()))


def _prepare_connection(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _is_full(error: OperationalError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
