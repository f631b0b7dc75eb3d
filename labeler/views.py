"""The JSON that pages and scripts see, made from the present state."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from labeler.board import Board
from labeler.classes import key_of
from labeler.desk import TrainerDesk
from labeler.image_store import ImageRow, ImageStore
from labeler.queue import Lease, Status
from labeler.service import Handout
from labeler.settings import Settings
from labeler.store import Annotation
from shared import __version__
from shared.messages import Kind, Lane, Prediction, RankingEntry, ReasonKind

COLORS = 10
LOOK_ALIKES_SHOWN = 24


def show_path(path: bytes) -> str:
    """A path as text for people; bytes that are not UTF-8 become replacement characters."""
    return path.decode("utf-8", "replace")


def image_url(image_id: str) -> str:
    """Where the image is served."""
    return f"/images/{image_id}"


class Views:
    """Renders the present state."""

    def __init__(
        self, settings: Settings, board: Board, desk: TrainerDesk, images: ImageStore, clock: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._board = board
        self._desk = desk
        self._images = images
        self._clock = clock

    def state(self) -> dict[str, Any]:
        """`GET /api/state`."""
        with self._board.lock:
            board = self._board
            return {
                "session": board.session.state.value,
                "stop_reason": board.session.reason,
                "task": self._settings.config.task,
                "classes": self._classes(),
                "counts": self._counts(),
                "trainer": self.trainer(),
                "queue": self.queue(),
                "metrics": self._desk.history.newest.get("metrics", {}),
                "outlook": [line.wire() for line in self._desk.guidance.outlook],
                "advice": self.advice(),
                "slow": self._desk.slow_rounds.rows(),
                "thresholds": self._thresholds(),
                "scan": {"found": board.scan.found, "indexed": board.scan.indexed, "done": board.scan.done},
                "last_seq": board.book.applied_seq,
                "problem": None if not board.problem else {"code": board.problem.code, "message": str(board.problem)},
                "settings": {"revision": self._settings.revision},
                "folder": str(self._settings.config.paths.images),
                "version": __version__,
            }

    def trainer(self) -> dict[str, Any]:
        """What the trainer is doing."""
        view = self._desk.view
        return {
            "connected": view.connected,
            "state": view.state,
            "epoch": view.epoch,
            "applied_seq": view.applied_seq,
            "model_version": view.model_version,
            "embedded": view.embedded,
            "pool": view.pool,
            "backbone": view.backbone,
            "detail": view.detail,
            "pending": max(self._board.book.applied_seq - view.applied_seq, 0),
        }

    def queue(self) -> dict[str, Any]:
        """The order that is in force, how many images of it are left, and how old it is in seconds."""
        queue = self._board.queue
        return {
            "version": queue.version,
            "based_on_seq": queue.based_on_seq,
            "strategy": queue.strategy,
            "size": queue.ranked,
            "age_s": max(self._clock() - self._desk.queue_time, 0.0),
        }

    def last_change(self) -> int:
        """The newest change number of the catalogue."""
        return self._images.last_change()

    def metrics(self) -> dict[str, Any]:
        """`GET /api/metrics`."""
        return {"history": self._desk.history.rows(), "thresholds": self._thresholds()}

    def newest_metrics(self) -> dict[str, Any]:
        """The newest row of the history, with the advice that came with it."""
        return {**self._desk.history.newest, "advice": self.advice()}

    def versions(self) -> dict[str, Any]:
        """`GET /api/versions`."""
        return {"versions": [version.row() for version in self._desk.versions.all()]}

    def newest_version(self) -> dict[str, Any]:
        """The present version of the model, as the pages are told of it."""
        current = self._desk.versions.current
        return {} if current is None else current.row()

    def advice(self) -> list[dict[str, Any]]:
        """What each stop rule says."""
        return [line.wire() for line in self._desk.guidance.advice]

    def handout(self, handout: Handout) -> dict[str, Any]:
        """`POST /api/leases`."""
        neighbours = [n for lease in handout.leases if lease.entry for n in lease.entry.neighbours]
        shown = {image: numbers[:LOOK_ALIKES_SHOWN] for image, numbers in handout.look_alikes.items()}
        alike = [number for numbers in shown.values() for number in numbers]
        rows = self._images.images_by_number({*shown, *handout.upcoming, *neighbours, *alike})
        return {
            "tasks": [
                {
                    **self._task(lease, rows),
                    "look_alikes": [_named(rows[number]) for number in shown[lease.image] if number in rows],
                    "look_alike_count": len(handout.look_alikes[lease.image]),
                }
                for lease in handout.leases
            ],
            "upcoming": [_named(rows[number]) for number in handout.upcoming if number in rows],
            "reason": handout.reason,
            "queue": self.queue(),
        }

    def history(self, rows: Iterable[Annotation]) -> dict[str, Any]:
        """`GET /api/history`."""
        rows = list(rows)
        images = self._images.images_by_number({row.image for row in rows})
        return {
            "annotations": [
                {
                    "seq": row.seq,
                    "annotation_id": row.annotation_id,
                    **_link(images[row.image]),
                    "filename": show_path(images[row.image].path),
                    "kind": row.kind.value,
                    "label": self._name(row.class_id),
                    "created_at": row.created_at,
                    "lane": row.lane.value,
                    "bulk": row.bulk,
                }
                for row in rows
            ]
        }

    def log(self, log_id: str, rows: Iterable[Annotation]) -> dict[str, Any]:
        """`GET /api/annotations`."""
        rows = list(rows)
        images = self._images.images_by_number({row.image for row in rows})
        return {"log_id": log_id, "annotations": [self._log_row(row, images[row.image]) for row in rows]}

    def pool(self, rows: Iterable[ImageRow]) -> dict[str, Any]:
        """`GET /api/pool`."""
        listed = [
            {
                "number": row.number,
                "image_id": row.image_id,
                "content_hash": row.image_id,
                "lane": row.lane,
                "path": os.fsdecode(row.path),
                "width": row.width,
                "height": row.height,
                "removed": not row.present or bool(row.reason),
                "change": row.change,
            }
            for row in rows
        ]
        return {"images": listed, "last": self._images.last_change()}

    def _task(self, lease: Lease, rows: dict[int, ImageRow]) -> dict[str, Any]:
        row, entry = rows[lease.image], lease.entry
        return {
            **_named(row),
            "width": row.width,
            "height": row.height,
            "lane": lease.lane.value,
            "rank": lease.rank,
            "score": entry.score if entry else None,
            "prediction": self._prediction(entry.prediction) if entry and entry.prediction else None,
            "why": self._why(lease),
            "neighbours": self._neighbours(entry, rows) if entry else [],
        }

    def _why(self, lease: Lease) -> dict[str, str]:
        if lease.lane is Lane.TEST:
            return {"kind": "test", "text": "test image: measures the model"}
        reason = lease.entry.reason if lease.entry else None
        if reason is None or reason.kind is ReasonKind.RANDOM:
            return {"kind": "random", "text": "chosen at random"}
        if reason.kind is ReasonKind.DIVERSE:
            return {"kind": "diverse", "text": "unlike anything labelled so far"}
        names = " or ".join(self._name(number) or "?" for number in reason.classes)
        return {"kind": "uncertain", "text": f"uncertain: {names}"}

    def _prediction(self, prediction: Prediction) -> dict[str, Any]:
        top = [{"label": self._name(number), "confidence": share} for number, share in prediction.top]
        return {**top[0], "top": top}

    def _neighbours(self, entry: RankingEntry, rows: dict[int, ImageRow]) -> list[dict[str, Any]]:
        book = self._board.book
        standing = {number: book.standing(number) for number in entry.neighbours if number in rows}
        return [
            {**_link(rows[number]), "label": self._name(s.class_id)}
            for number, s in standing.items()
            if s and s.kind is Kind.LABEL
        ]

    def _log_row(self, row: Annotation, image: ImageRow) -> dict[str, Any]:
        return {
            "seq": row.seq,
            "annotation_id": row.annotation_id,
            "image_id": image.image_id,
            "filename": show_path(image.path),
            "kind": row.kind.value,
            "label": self._name(row.class_id),
            "undoes": row.undoes,
            "annotator": row.annotator,
            "lane": row.lane.value,
            "suggestion": self._name(row.suggestion),
            "accepted": row.accepted,
            "model_version": row.model_version,
            "queue_version": row.queue_version,
            "created_at": row.created_at,
            "duration_ms": row.duration_ms,
            "bulk": row.bulk,
        }

    def _name(self, number: int | None) -> str | None:
        return None if number is None else self._board.class_names.get(number)

    def class_view(self, number: int) -> dict[str, Any]:
        """One class with its key, its count of labels and its colour (an index from 0 to 9)."""
        return {
            "id": number,
            "name": self._board.class_names[number],
            "key": key_of(number),
            "count": self._board.label_counts[number],
            "color": number % COLORS,
        }

    def _classes(self) -> list[dict[str, Any]]:
        return [self.class_view(number) for number in self._board.class_names]

    def _counts(self) -> dict[str, int]:
        queue = self._board.queue
        present = (Status.OPEN, Status.LABELLED, Status.SKIPPED, Status.FLAGGED)
        return {
            "images": queue.count(*present),
            "labelled": queue.count(Status.LABELLED),
            "bulk": self._board.bulk_labels,
            "train": queue.count(Status.LABELLED, test=False),
            "test": queue.count(Status.LABELLED, test=True),
            "test_total": queue.count(*present, test=True),
            "skipped": queue.count(Status.SKIPPED),
            "flagged": queue.count(Status.FLAGGED),
            "remaining": queue.count(Status.OPEN),
            **self._board.file_counts,
        }

    def _thresholds(self) -> dict[str, dict[str, float]]:
        stop = self._settings.config.stop.thresholds
        return {name: rule.model_dump(exclude_none=True) for name, rule in stop.items()}


def _link(row: ImageRow) -> dict[str, str]:
    return {"image_id": row.image_id, "url": image_url(row.image_id)}


def _named(row: ImageRow) -> dict[str, str]:
    return {**_link(row), "filename": show_path(row.path)}
