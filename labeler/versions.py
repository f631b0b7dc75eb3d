"""Versions of the model as the labeler knows them, and what each says about the hold-out images."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from labeler.database import Database
from labeler.schema import versions
from shared.errors import Conflict, InvalidInput
from shared.versions import VersionReport, VersionsKept, unpack_probs

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

MOST_NAMED: Final = 25


class UnknownVersion(InvalidInput):
    """A version of the model that was never reported."""

    code = "unknown_version"


@dataclass(frozen=True, slots=True)
class Version:
    """One version. seq: the row of the log it has learnt up to. labels: training labels. time: of its report.

    kept: whether the trainer has its weights; name: given by people. images: (n,) labelled hold-out images at that
    time; classes: (K,) class numbers; probs: (n, K) calibrated, rows sum to 1; said: (n,) class numbers, None where
    that is the likeliest. Truth is the log's.
    """

    number: int
    seq: int
    labels: int
    space: str
    settings: int
    time: float
    name: str
    kept: bool
    metrics: dict[str, Any]
    images: Integers
    classes: Integers
    probs: Floats
    said: Integers | None = None

    def row(self) -> dict[str, Any]:
        """As `GET /api/versions` shows it."""
        return {
            "version": self.number,
            "seq": self.seq,
            "labels": self.labels,
            "space": self.space,
            "settings": self.settings,
            "time": self.time,
            "name": self.name,
            "kept": self.kept,
            "metrics": self.metrics,
        }


class Versions:
    """All versions that were kept once, in the database, and the newest evaluated one, in memory."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        """clock: seconds since the epoch."""
        self.current: Version | None = None
        self._database = database
        self._clock = clock

    def take(self, report: VersionReport) -> None:
        """Take in a report; one of a kept version replaces what was known of it, but for its name."""
        version = _version(report, self._clock())
        if self.current is None or version.seq >= self.current.seq:
            self.current = version
        if report.kept:
            with self._database.writing() as c:
                name = c.scalar(sa.select(versions.c.name).where(versions.c.version == version.number))
                c.execute(versions.delete().where(versions.c.version == version.number))
                c.execute(versions.insert().values(_to_row(version) | {"name": name or ""}))

    def note_kept(self, message: VersionsKept) -> None:
        """The trainer has the weights of these versions, and of no others."""
        with self._database.writing() as c:
            c.execute(versions.update().values(kept=versions.c.version.in_(message.versions)))

    def rename(self, number: int, name: str) -> None:
        """Name a version that is kept; an empty name takes its name away. Raises UnknownVersion, Conflict."""
        if not self.get(number).kept:
            raise Conflict(f"the weights of version {number} are not kept any more; choose one that is", "version")
        if name and len(set(self.named()) | {number}) > MOST_NAMED:
            raise Conflict(f"{MOST_NAMED} versions have a name, and named ones stay; take one name away first", "name")
        with self._database.writing() as c:
            c.execute(versions.update().where(versions.c.version == number).values(name=name))

    def named(self) -> list[int]:
        """The versions that people gave a name, oldest first."""
        query = sa.select(versions.c.version).where(versions.c.name != "").order_by(versions.c.version)
        with self._database.reading() as c:
            return list(c.scalars(query))

    def numbers(self) -> list[int]:
        """The versions in the database, oldest first."""
        with self._database.reading() as c:
            return list(c.scalars(sa.select(versions.c.version).order_by(versions.c.version)))

    def all(self, numbers: Collection[int] | None = None) -> list[Version]:
        """The versions with these numbers, or every one; oldest first, the present one included."""
        query = sa.select(versions).order_by(versions.c.version)
        with self._database.reading() as c:
            rows = c.execute(query if numbers is None else query.where(versions.c.version.in_(numbers)))
            found = {row.version: _from_row(row) for row in rows}
        current = self.current
        if current is not None and current.number not in found and (numbers is None or current.number in numbers):
            found[current.number] = current
        return [found[number] for number in sorted(found)]

    def get(self, number: int) -> Version:
        """One version. Raises UnknownVersion."""
        found = self.all([number])
        if not found:
            known = ", ".join(map(str, self.numbers())) or "none yet"
            raise UnknownVersion(f"there is no version {number}; known are: {known}", "version")
        return found[0]


def _version(report: VersionReport, now: float) -> Version:
    return Version(
        number=report.version,
        seq=report.based_on_seq,
        labels=report.labels,
        space=report.space,
        settings=report.settings,
        time=now,
        name="",
        kept=report.kept,
        metrics={name: value.wire() for name, value in report.metrics.items()},
        images=np.array(report.images, np.int64),
        classes=np.array(report.classes, np.int64),
        probs=unpack_probs(report.probs, len(report.classes))
        if report.classes
        else np.empty((len(report.images), 0), np.float32),
        said=np.array(report.said, np.int64) if report.said else None,
    )


def _to_row(version: Version) -> dict[str, Any]:
    return {
        "version": version.number,
        "seq": version.seq,
        "labels": version.labels,
        "space": version.space,
        "settings": version.settings,
        "time": version.time,
        "name": version.name,
        "kept": version.kept,
        "payload": json.dumps(
            {
                "metrics": version.metrics,
                "classes": version.classes.tolist(),
                "said": None if version.said is None else version.said.tolist(),
            }
        ),
        "images": version.images.astype("<i8").tobytes(),
        "probs": version.probs.astype("<f2").tobytes(),
    }


def _from_row(row: Any) -> Version:
    payload = json.loads(row.payload)
    images = np.frombuffer(row.images, "<i8").astype(np.int64)
    probs = np.frombuffer(row.probs, "<f2").astype(np.float32).reshape(len(images), len(payload["classes"]))
    return Version(
        number=row.version,
        seq=row.seq,
        labels=row.labels,
        space=row.space,
        settings=row.settings,
        time=row.time,
        name=row.name,
        kept=row.kept,
        metrics=payload["metrics"],
        images=images,
        classes=np.array(payload["classes"], np.int64),
        probs=probs,
        said=np.array(payload["said"], np.int64) if payload.get("said") else None,
    )
