from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from labeler.database import Database
from labeler.schema import SCHEMA_VERSION
from labeler.store import AnnotationStore
from shared.errors import StartRefused

# As the first schema had them, as far as the migration is concerned.
FIRST_SCHEMA = """
CREATE TABLE meta ("key" VARCHAR NOT NULL PRIMARY KEY, value VARCHAR NOT NULL);
INSERT INTO meta VALUES ('schema', '1'), ('log_id', 'the-log');
CREATE TABLE classes (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR NOT NULL UNIQUE);
INSERT INTO classes VALUES (0, 'cat');
CREATE TABLE images (number INTEGER NOT NULL PRIMARY KEY, image_id VARCHAR NOT NULL UNIQUE, width INTEGER NOT NULL,
  height INTEGER NOT NULL, lane VARCHAR NOT NULL, reason VARCHAR NOT NULL, present BOOLEAN NOT NULL,
  change INTEGER NOT NULL);
INSERT INTO images VALUES (0, 'ff', 8, 8, 'train', '', 1, 1);
CREATE TABLE annotations (seq INTEGER NOT NULL PRIMARY KEY, annotation_id VARCHAR NOT NULL UNIQUE,
  image INTEGER NOT NULL REFERENCES images (number), kind VARCHAR NOT NULL, class_id INTEGER, undoes VARCHAR UNIQUE,
  annotator VARCHAR NOT NULL, lane VARCHAR NOT NULL, suggestion INTEGER, accepted BOOLEAN, model_version INTEGER,
  queue_version INTEGER, created_at FLOAT NOT NULL, duration_ms INTEGER);
INSERT INTO annotations VALUES (1, 'a', 0, 'label', 0, NULL, 'Ada', 'random', NULL, NULL, NULL, NULL, 1.0, 800);
"""


def schema_of(path: Path) -> dict[str, set[str]]:
    """Table → columns, and the names of the indexes."""
    with sqlite3.connect(path) as c:
        tables = [name for (name,) in c.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {table: {row[1] for row in c.execute(f"PRAGMA table_info({table})")} for table in tables}
        indexes = {name for (name,) in c.execute("SELECT name FROM sqlite_master WHERE name LIKE 'by_b%'")}
    return {**columns, "indexes": indexes}


@pytest.fixture
def first_schema(tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as c:
        c.executescript(FIRST_SCHEMA)
    return path


def test_a_database_of_the_first_schema_opens_with_its_labels(first_schema: Path, tmp_path: Path) -> None:
    for _ in range(2):
        database = Database(first_schema)
        rows = AnnotationStore(database).log()
        assert [(row.annotation_id, row.annotator, row.bulk) for row in rows] == [("a", "Ada", None)]
        assert (database.log_id, database.get_meta("schema")) == ("the-log", str(SCHEMA_VERSION))
        database.close()
    Database(tmp_path / "new.db").close()
    assert schema_of(first_schema) == schema_of(tmp_path / "new.db")


def test_a_migration_that_breaks_off_leaves_the_old_database(
    first_schema: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = schema_of(first_schema)
    broken = {1: ("ALTER TABLE annotations ADD COLUMN bulk VARCHAR", "CREATE nonsense")}
    monkeypatch.setattr("labeler.database.MIGRATIONS", broken)
    with pytest.raises(Exception, match="nonsense"):
        Database(first_schema)
    assert schema_of(first_schema) == before


def test_a_later_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "later.db"
    Database(path).close()
    with sqlite3.connect(path) as c:
        c.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    with pytest.raises(StartRefused, match="use the program that wrote it"):
        Database(path)
