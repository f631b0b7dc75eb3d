"""The use cases of labelling, free of Flask: hand out, record, undo, pause, stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from labeler.board import STATUS_OF, Board
from labeler.classes import Classes
from labeler.image_store import ImageRow, ImageStore
from labeler.queue import Lease, Status
from labeler.requests import LeaseRequest, NewAnnotation
from labeler.session import Event
from labeler.store import Annotation, AnnotationStore
from shared.errors import Conflict, StorageFull, UnknownAnnotation, UnknownImage
from shared.messages import Kind, Lane, SessionNews, SessionState

HANDING_OUT = frozenset({SessionState.SETUP, SessionState.LABELLING})


class Receipt(NamedTuple):
    """An acknowledged row; `created` is False for one that was acknowledged before."""

    seq: int
    created: bool


class Handout(NamedTuple):
    """What a client may show: its leases, images that probably come next, and why there are none."""

    leases: list[Lease]
    upcoming: list[int]
    reason: str


class LabelingService:
    """Everything people do with labels. Thread-safe; what it returns as done is on disk."""

    def __init__(
        self,
        board: Board,
        annotations: AnnotationStore,
        images: ImageStore,
        classes: Classes,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """clock: seconds since the epoch."""
        self._board = board
        self._annotations = annotations
        self._images = images
        self._classes = classes
        self._clock = clock

    def record(self, new: NewAnnotation) -> Receipt:
        """Keep one annotation. Raises UnknownImage, UnknownClass, Conflict, StorageFull."""
        with self._board.lock:
            image = self.image(new.image_id)
            earlier = self._annotations.find(new.annotation_id)
            if earlier:
                return _same(earlier, new, image)
            class_id = None if new.label is None else self._classes.number(new.label)
            row = self._row(new, image.number, class_id)
            self._commit([row])
        return Receipt(row.seq, True)

    def record_labels(self, labels: Sequence[tuple[int, int]], annotator: str, make_id: Callable[[], str]) -> None:
        """Keep many labels, as (image, class) numbers, in one commit. Raises StorageFull."""
        with self._board.lock:
            first = self._board.book.applied_seq + 1
            rows = [
                replace(self._blank(first + i, make_id(), image, annotator), kind=Kind.LABEL, class_id=class_id)
                for i, (image, class_id) in enumerate(labels)
            ]
            if rows:
                self._commit(rows)

    def undo(self, annotation_id: str) -> Receipt:
        """Take an annotation back by a further row; asked again: the same row.

        Raises UnknownAnnotation, StorageFull.
        """
        with self._board.lock:
            if undone := self._annotations.find_undo(annotation_id):
                return Receipt(undone.seq, False)
            target = self._annotations.find(annotation_id)
            if target is None or target.kind is Kind.UNDO:
                raise UnknownAnnotation(f"no annotation has the id {annotation_id[:80]!r}; nothing was undone")
            seq = self._board.book.applied_seq + 1
            row = self._blank(seq, f"undo-{annotation_id}", target.image, target.annotator)
            self._commit([replace(row, kind=Kind.UNDO, undoes=annotation_id, lane=target.lane)])
        return Receipt(seq, True)

    def ask_again(self, kind: Kind) -> int:
        """Put skipped or flagged images back into the queue. Returns how many."""
        with self._board.lock:
            standing = [s.seq for _, s in self._board.book if s.kind is kind]
            for annotation_id in self._annotations.ids_at(standing):
                self.undo(annotation_id)
        return len(standing)

    def lease(self, request: LeaseRequest) -> Handout:
        """What the client holds, renewed and topped up, and what probably comes after it."""
        held = self._images.find_images(request.holding) if request.holding else {}
        holding = [held[image_id].number for image_id in request.holding if image_id in held]
        with self._board.lock:
            open_for_work = self._board.session.state in HANDING_OUT
            count, ahead = (request.count, request.upcoming) if open_for_work else (0, 0)
            leases = self._board.queue.lease(request.client, count, self._clock(), holding)
            return Handout(leases, self._board.queue.upcoming(ahead), "" if leases else self._why_nothing())

    def control(self, action: str) -> SessionNews:
        """Pause, resume or stop. Raises Conflict where the session's state does not allow it."""
        reason = "stopped by hand" if action == "stop" else ""
        return self._board.move(Event(action), reason)

    def image(self, image_id: str) -> ImageRow:
        """The image with this id. Raises UnknownImage."""
        row = self._images.find_images([image_id]).get(image_id)
        if row is None:
            raise UnknownImage(f"no image has the id {image_id[:80]!r}; it may belong to another folder", "image_id")
        return row

    def _why_nothing(self) -> str:
        if self._board.session.state not in HANDING_OUT:
            return self._board.session.state.value
        if not self._board.scan.done:
            return "indexing"
        if self._board.queue.count(Status.OPEN):
            return "others"
        return "all_done" if self._board.queue.count(*STATUS_OF.values()) else "no_images"

    def _row(self, new: NewAnnotation, image: int, class_id: int | None) -> Annotation:
        row = self._blank(self._board.book.applied_seq + 1, new.annotation_id, image, new.annotator)
        lease = self._board.queue.find_lease(image)
        entry = lease.entry if lease else None
        suggestion = entry.prediction.top[0][0] if entry and entry.prediction else None
        return replace(
            row,
            kind=new.kind,
            class_id=class_id,
            lane=lease.lane if lease else row.lane,
            suggestion=suggestion,
            accepted=None if suggestion is None or class_id is None else suggestion == class_id,
            model_version=lease.model_version if lease and entry else None,
            queue_version=new.queue_version,
            duration_ms=new.duration_ms,
        )

    def _blank(self, seq: int, annotation_id: str, image: int, annotator: str) -> Annotation:
        return Annotation(
            seq=seq,
            annotation_id=annotation_id,
            image=image,
            kind=Kind.SKIP,
            class_id=None,
            undoes=None,
            annotator=annotator,
            lane=Lane.TEST if self._board.queue.is_test(image) else Lane.RANDOM,
            suggestion=None,
            accepted=None,
            model_version=None,
            queue_version=None,
            created_at=self._clock(),
            duration_ms=None,
        )

    def _commit(self, rows: Sequence[Annotation]) -> None:
        try:
            self._annotations.append(rows)
        except StorageFull as error:
            self._board.note_problem(error)
            raise
        self._board.note_problem(None)
        self._board.apply(row.for_trainer() for row in rows)


def _same(earlier: Annotation, new: NewAnnotation, image: ImageRow) -> Receipt:
    if (earlier.image, earlier.kind) != (image.number, new.kind):
        raise Conflict(
            f"annotation_id {new.annotation_id!r} was used before, for a {earlier.kind.value} of image "
            f"{earlier.image}; make a new id for every annotation",
            "annotation_id",
        )
    return Receipt(earlier.seq, False)
