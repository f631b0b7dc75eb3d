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
from labeler.requests import LeaseRequest, NewAnnotation, NewBulk
from labeler.session import Event
from labeler.store import Annotation, AnnotationStore
from shared.errors import Conflict, InvalidInput, StorageFull, UnknownAnnotation, UnknownImage
from shared.messages import Kind, Lane, SessionNews, SessionState

HANDING_OUT = frozenset({SessionState.SETUP, SessionState.LABELLING})


class Receipt(NamedTuple):
    """An acknowledged row; `created` is False for one that was acknowledged before."""

    seq: int
    created: bool


class BulkReceipt(NamedTuple):
    """An acknowledged bulk action; `left` are the images that it left as they were, because they are not open."""

    seq: int
    created: bool
    left: list[str]


class Handout(NamedTuple):
    """What a client may show: its leases, images that probably come next, and why there are none.

    look_alikes: leased image → those of its look-alikes that this client may label now.
    """

    leases: list[Lease]
    look_alikes: dict[int, list[int]]
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

    def record_bulk(self, new: NewBulk) -> BulkReceipt:
        """Give one answer to several images in one commit; those that are not open any more are left as they are.

        Raises UnknownAnnotation, UnknownImage, UnknownClass, InvalidInput for a test image, Conflict, StorageFull.
        """
        with self._board.lock:
            images = self._bulk_images(new)
            done = self._annotations.of_bulk(new.bulk_id)
            if not done:
                self._check_like(new)
                rows = self._bulk_rows(new, images)
                if rows:
                    self._commit(rows)
            kept = {row.image for row in done or rows}
            left = [image_id for image_id, number in images.items() if number not in kept]
            return BulkReceipt(done[-1].seq if done else self._board.book.applied_seq, not done and bool(kept), left)

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
        """Take an annotation back by a further row, a bulk action as a whole; asked again: the same row.

        Raises UnknownAnnotation, StorageFull.
        """
        with self._board.lock:
            target = self._annotations.find(annotation_id)
            targets = [target] if target else self._annotations.of_bulk(annotation_id)
            if not targets or targets[0].kind is Kind.UNDO:
                raise UnknownAnnotation(f"no annotation has the id {annotation_id[:80]!r}; nothing was undone")
            undone = self._annotations.undos([row.annotation_id for row in targets])
            standing = [row for row in targets if row.annotation_id not in undone]
            if not standing:
                return Receipt(max(undone.values()), False)
            self._take_back(standing)
            return Receipt(self._board.book.applied_seq, True)

    def ask_again(self, kind: Kind) -> int:
        """Put skipped or flagged images back into the queue. Returns how many."""
        with self._board.lock:
            standing = [s.seq for _, s in self._board.book if s.kind is kind]
            if standing:
                self._take_back(list(self._annotations.rows_at(standing).values()))
        return len(standing)

    def lease(self, request: LeaseRequest) -> Handout:
        """What the client holds, renewed and topped up, and what probably comes after it."""
        held = self._images.find_images(request.holding) if request.holding else {}
        holding = [held[image_id].number for image_id in request.holding if image_id in held]
        with self._board.lock:
            open_for_work = self._board.session.state in HANDING_OUT
            count, ahead = (request.count, request.upcoming) if open_for_work else (0, 0)
            leases = self._board.queue.lease(request.client, count, self._clock(), holding)
            alike = {lease.image: self._look_alikes(lease) for lease in leases}
            reason = "" if leases else self._why_nothing()
            return Handout(leases, alike, self._board.queue.upcoming(ahead), reason)

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

    def _look_alikes(self, lease: Lease) -> list[int]:
        numbers = lease.entry.look_alikes if lease.entry and lease.lane is not Lane.TEST else []
        free = (n for n in dict.fromkeys(numbers) if self._board.queue.open_to(lease.client, n))
        return [number for number in free if number != lease.image]

    def _bulk_images(self, new: NewBulk) -> dict[str, int]:
        known = self._images.find_images(new.image_ids)
        for image_id in new.image_ids:
            if image_id not in known:
                raise UnknownImage(f"no image has the id {image_id[:80]!r}; nothing was recorded", "image_ids")
            if self._board.queue.is_test(known[image_id].number):
                raise InvalidInput(
                    f"the image {image_id[:80]} belongs to the hold-out, which is labelled one by one; leave it out",
                    "image_ids",
                )
        return {image_id: known[image_id].number for image_id in dict.fromkeys(new.image_ids)}

    def _check_like(self, new: NewBulk) -> None:
        like = None if new.like is None else self._annotations.find(new.like)
        if new.like is not None and (like is None or like.kind is not Kind.LABEL):
            raise UnknownAnnotation(f"no label has the annotation_id {new.like[:80]!r}; label the image itself first")
        if self._annotations.find(new.bulk_id):
            raise Conflict(f"bulk_id {new.bulk_id!r} is an annotation's id; make a new id for every action", "bulk_id")

    def _bulk_rows(self, new: NewBulk, images: dict[str, int]) -> list[Annotation]:
        names = {new.label, new.suggestion, *new.corrections.values()} - {None}
        numbers = {name: self._classes.number(name) for name in names if name is not None}
        suggestion, first = numbers.get(new.suggestion or ""), self._board.book.applied_seq + 1
        kept = [(id_, number) for id_, number in images.items() if self._board.queue.open_to(new.client, number)]
        labels = [numbers.get(new.corrections.get(id_, new.label or "")) for id_, _ in kept]
        return [
            replace(
                self._blank(first + i, f"{new.bulk_id}-{i}", number, new.annotator),
                kind=new.kind,
                class_id=class_id,
                lane=Lane.QUERY,
                suggestion=suggestion,
                accepted=None if suggestion is None else suggestion == class_id,
                model_version=new.model_version,
                bulk=new.bulk_id,
            )
            for i, ((_, number), class_id) in enumerate(zip(kept, labels, strict=True))
        ]

    def _take_back(self, rows: Sequence[Annotation]) -> None:
        first = self._board.book.applied_seq + 1
        undoings = [self._blank(first + i, f"undo-{r.annotation_id}", r.image, r.annotator) for i, r in enumerate(rows)]
        self._commit(
            [
                replace(undoing, kind=Kind.UNDO, undoes=row.annotation_id, lane=row.lane)
                for undoing, row in zip(undoings, rows, strict=True)
            ]
        )

    def _row(self, new: NewAnnotation, image: int, class_id: int | None) -> Annotation:
        row = self._blank(self._board.book.applied_seq + 1, new.annotation_id, image, new.annotator)
        lease = self._board.queue.find_lease(image)
        entry = lease.entry if lease else None
        suggestion = entry.prediction.top[0][0] if entry and entry.prediction else None
        return replace(
            row,
            kind=new.kind,
            class_id=class_id,
            lane=new.lane or (lease.lane if lease else row.lane),
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
        self._board.apply(rows)


def _same(earlier: Annotation, new: NewAnnotation, image: ImageRow) -> Receipt:
    if (earlier.image, earlier.kind) != (image.number, new.kind):
        raise Conflict(
            f"annotation_id {new.annotation_id!r} was used before, for a {earlier.kind.value} of image "
            f"{earlier.image}; make a new id for every annotation",
            "annotation_id",
        )
    return Receipt(earlier.seq, False)
