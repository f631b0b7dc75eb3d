"""The tables of the database."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

SCHEMA_VERSION: Final = 2

# What brings a database of the schema that is the key to the next one. New tables need no statement.
MIGRATIONS: Final[dict[int, tuple[str, ...]]] = {
    1: (
        "ALTER TABLE annotations ADD COLUMN bulk VARCHAR",
        "CREATE INDEX by_bulk ON annotations (bulk) WHERE bulk IS NOT NULL",
    ),
}

metadata = sa.MetaData()

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
)

classes = sa.Table(
    "classes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String, nullable=False, unique=True),
)

images = sa.Table(
    "images",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("image_id", sa.String, nullable=False, unique=True),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("lane", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("present", sa.Boolean, nullable=False),
    sa.Column("change", sa.Integer, nullable=False, index=True),
)

files = sa.Table(
    "files",
    metadata,
    sa.Column("path", sa.LargeBinary, primary_key=True),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("mtime_ns", sa.Integer, nullable=False),
    sa.Column("image", sa.Integer, sa.ForeignKey("images.number"), nullable=True, index=True),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("present", sa.Boolean, nullable=False),
)

annotation_rows = sa.Table(
    "annotations",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("annotation_id", sa.String, nullable=False, unique=True),
    sa.Column("image", sa.Integer, sa.ForeignKey("images.number"), nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("class_id", sa.Integer, sa.ForeignKey("classes.id"), nullable=True),
    sa.Column("undoes", sa.String, nullable=True, unique=True),
    sa.Column("annotator", sa.String, nullable=False),
    sa.Column("lane", sa.String, nullable=False),
    sa.Column("suggestion", sa.Integer, nullable=True),
    sa.Column("accepted", sa.Boolean, nullable=True),
    sa.Column("model_version", sa.Integer, nullable=True),
    sa.Column("queue_version", sa.Integer, nullable=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("duration_ms", sa.Integer, nullable=True),
    sa.Column("bulk", sa.String, nullable=True),
    sa.Index("by_annotator", "annotator", "seq"),
)
sa.Index("by_bulk", annotation_rows.c.bulk, sqlite_where=annotation_rows.c.bulk.is_not(None))

metrics = sa.Table(
    "metrics",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("payload", sa.String, nullable=False),
)

slow_rounds = sa.Table(
    "slow_rounds",
    metadata,
    sa.Column("round", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("payload", sa.String, nullable=False),
)

versions = sa.Table(
    "versions",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("labels", sa.Integer, nullable=False),
    sa.Column("space", sa.String, nullable=False),
    sa.Column("settings", sa.Integer, nullable=False),
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("kept", sa.Boolean, nullable=False),
    sa.Column("payload", sa.String, nullable=False),
    sa.Column("images", sa.LargeBinary, nullable=False),
    sa.Column("probs", sa.LargeBinary, nullable=False),
)

settings = sa.Table(
    "settings",
    metadata,
    sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("payload", sa.String, nullable=False),
)

masks = sa.Table(
    "masks",
    metadata,
    sa.Column("image", sa.Integer, sa.ForeignKey("images.number"), primary_key=True, autoincrement=False),
    sa.Column("png", sa.LargeBinary, nullable=True),
    sa.Column("person", sa.String, nullable=False),
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("change", sa.Integer, nullable=False, unique=True),
)
