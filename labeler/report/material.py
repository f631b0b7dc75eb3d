"""What a report is made from: plain values, gathered from the services by `gather`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from labeler.report.figures import Cloud

Row = Mapping[str, Any]


class Picture(NamedTuple):
    """A test image: a data URI, its name, label and prediction. looked: the same under a saliency map, or empty."""

    source: str
    filename: str
    label: str
    predicted: str
    confidence: float
    looked: str = ""


class Album(NamedTuple):
    """Pictures of one kind, and how many there are in all."""

    title: str
    pictures: Sequence[Picture]
    total: int


class Setting(NamedTuple):
    """A setting in force: dotted key, value, default."""

    key: str
    value: object
    default: object


@dataclass(frozen=True, slots=True)
class Material:
    """One run.

    made_at, began, ended: seconds since the epoch; the last two of the first and last annotation, None where there is
    none. state: as `GET /api/state`. history: evaluations, oldest first. present: the newest version as
    `GET /api/analysis` shows it, None before the first; curves: those of its classes, as `GET /api/analysis/curves` has
    them. versions: rows of `GET /api/versions`. people, pace, forecast: as in `GET /api/dashboard`. changes: of the
    settings, oldest first. programs: names and versions.
    """

    made_at: float
    began: float | None
    ended: float | None
    state: Row
    history: Sequence[Row]
    present: Row | None
    curves: Sequence[Row]
    versions: Sequence[Row]
    people: Sequence[Row]
    pace: Row
    forecast: Sequence[Row]
    changes: Sequence[Row]
    settings: Sequence[Setting]
    programs: Sequence[tuple[str, str]]
    cloud: Cloud | None = None
    albums: Sequence[Album] = ()
