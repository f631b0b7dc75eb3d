"""Images and the files that hold them. An image is a content: files that are equal are one image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from labeler.database import Database
from labeler.schema import files, images

T = TypeVar("T")


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


class ImageStore:
    """The catalogue. A method that writes returns only after the commit is on disk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def image_keys(self, chunk: int = 5000) -> Iterator[list[tuple[int, str, str, bool]]]:
        """(number, image_id, lane, usable?) of every image, in order of number, in lists of at most `chunk`."""
        query = sa.select(images.c.number, images.c.image_id, images.c.lane, images.c.present, images.c.reason)
        with self._database.reading() as c:
            for rows in c.execute(query.order_by(images.c.number)).yield_per(chunk).partitions():
                yield [(number, id_, lane, bool(present) and not reason) for number, id_, lane, present, reason in rows]

    def find_images(self, ids: Iterable[str]) -> dict[str, ImageRow]:
        """image_id → row, for those ids that are known."""
        return {row.image_id: row for row in self._image_rows(images.c.image_id, list(ids))}

    def images_by_number(self, numbers: Iterable[int]) -> dict[int, ImageRow]:
        """Number → row."""
        return {row.number: row for row in self._image_rows(images.c.number, list(numbers))}

    def images_changed(self, after: int, limit: int) -> list[ImageRow]:
        """At most `limit` images with change > after, in order of change."""
        query = _IMAGES.where(images.c.change > after).order_by(images.c.change).limit(limit)
        with self._database.reading() as c:
            return [_image(row) for row in c.execute(query)]

    def last_change(self) -> int:
        """The newest change number."""
        with self._database.reading() as c:
            return c.scalar(sa.select(sa.func.max(images.c.change))) or 0

    def known_files(self) -> Iterator[tuple[bytes, int, int]]:
        """(path, size, mtime_ns) of every file that was present when last looked at."""
        query = sa.select(files.c.path, files.c.size, files.c.mtime_ns).where(files.c.present)
        with self._database.reading() as c:
            for row in c.execute(query).yield_per(5000):
                yield row.path, row.size, row.mtime_ns

    def files_of(self, paths: Sequence[bytes]) -> dict[bytes, FileRow]:
        """Path → row, for those paths that are known."""
        found: dict[bytes, FileRow] = {}
        with self._database.reading() as c:
            for part in _chunks(paths):
                found |= {row.path: FileRow(*row) for row in c.execute(_FILES.where(files.c.path.in_(part)))}
        return found

    def present_files(self) -> Iterator[tuple[bytes, int]]:
        """(path, image number) of every usable file."""
        query = sa.select(files.c.path, files.c.image).where(files.c.present, files.c.image.is_not(None))
        with self._database.reading() as c:
            for row in c.execute(query.order_by(files.c.path)).yield_per(5000):
                yield row.path, row.image

    def paths_of(self, image_id: str) -> list[bytes]:
        """The present files that hold an image."""
        query = sa.select(files.c.path).join(images, files.c.image == images.c.number)
        with self._database.reading() as c:
            return list(c.scalars(query.where(images.c.image_id == image_id, files.c.present)))

    def images_with_files(self, numbers: Iterable[int]) -> set[int]:
        """Which of these images some present file still holds."""
        found: set[int] = set()
        with self._database.reading() as c:
            for part in _chunks(list(numbers)):
                query = sa.select(files.c.image).where(files.c.present, files.c.image.in_(part)).distinct()
                found |= set(c.scalars(query))
        return found

    def save_files(self, new_images: Sequence[ImageRow], rows: Sequence[FileRow], presence: dict[int, bool]) -> None:
        """Commit what a look at the folder found: new images, files, and which images are (no longer) there."""
        with self._database.writing() as c:
            if new_images:
                c.execute(images.insert(), [_values(row) for row in new_images])
            if rows:
                c.execute(_UPSERT_FILE, [_values(row) for row in rows])
            change = c.scalar(sa.select(sa.func.max(images.c.change))) or 0
            for step, (number, present) in enumerate(presence.items(), 1):
                values = {"present": present, "change": change + step}
                c.execute(images.update().where(images.c.number == number).values(values))

    def mark_unreadable(self, reasons: dict[int, str]) -> None:
        """Note that images cannot be decoded after all."""
        with self._database.writing() as c:
            change = c.scalar(sa.select(sa.func.max(images.c.change))) or 0
            for step, (number, reason) in enumerate(reasons.items(), 1):
                values = {"reason": reason, "change": change + step}
                c.execute(images.update().where(images.c.number == number).values(values))

    def file_counts(self) -> dict[str, int]:
        """How many present files are unreadable, or doubles of another file; how many files are gone."""
        present = files.c.present
        usable = present & files.c.image.is_not(None)
        bad_images = sa.select(images.c.number).where(images.c.reason != "")
        with self._database.reading() as c:
            unusable = files.c.image.is_(None) | files.c.image.in_(bad_images)
            distinct = sa.select(sa.func.count(files.c.image.distinct())).where(usable)
            return {
                "unreadable": _scalar(c, _count().where(present & unusable)),
                "duplicates": _scalar(c, _count().where(usable)) - _scalar(c, distinct),
                "removed": _scalar(c, _count().where(~present)),
            }

    def problem_files(self, problem: str, offset: int, limit: int) -> tuple[list[FileRow], int]:
        """A page of the files that are `unreadable`, `duplicate` or `removed`, and how many there are."""
        bad_images = sa.select(images.c.number).where(images.c.reason != "")
        several = sa.select(files.c.image).where(files.c.image.is_not(None)).group_by(files.c.image)
        in_several = files.c.image.in_(several.having(sa.func.count() > 1))
        first = sa.select(sa.func.min(files.c.path)).where(files.c.present, in_several).group_by(files.c.image)
        conditions = {
            "unreadable": files.c.present & (files.c.image.is_(None) | files.c.image.in_(bad_images)),
            "duplicate": files.c.present & in_several & files.c.path.not_in(first.scalar_subquery()),
            "removed": ~files.c.present,
        }
        condition = conditions[problem]
        with self._database.reading() as c:
            query = _FILES.where(condition).order_by(files.c.path).offset(offset).limit(limit)
            rows = [FileRow(*row) for row in c.execute(query)]
            return rows, _scalar(c, _count().where(condition))

    def _image_rows(self, column: sa.Column[Any], keys: list[Any]) -> Iterator[ImageRow]:
        with self._database.reading() as c:
            for part in _chunks(keys):
                for row in c.execute(_IMAGES.where(column.in_(part))):
                    yield _image(row)


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


def _count() -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(files)


def _scalar(connection: sa.Connection, query: sa.Select[Any]) -> int:
    return int(connection.execute(query).scalar_one())


def _chunks(items: Sequence[T], size: int = 500) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _values(row: ImageRow | FileRow) -> dict[str, Any]:
    """The row's fields; dataclasses.asdict would copy each value deeply, which dominates a look at 100,000 files."""
    return {name: getattr(row, name) for name in row.__slots__}


def _image(row: sa.Row[Any]) -> ImageRow:
    return ImageRow(
        row.number, row.image_id, row.width, row.height, row.lane, row.reason, row.present, row.change, row.path or b""
    )
