"""Applies the log: order, gaps, duplicates, retractions. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from shared.log import LabelBook
from shared.messages import AnnotationBatch


@dataclass(frozen=True, slots=True)
class Taken:
    """What a batch did: the images whose standing may have changed, and where a gap begins (None: no gap)."""

    changed: frozenset[int]
    missing_after: int | None


def take_in(book: LabelBook, batch: AnnotationBatch) -> Taken:
    """Apply the rows of `batch` that follow on what `book` has.

    Rows it has are dropped; at the first row that does not follow, the rest is left alone and has to be sent again.
    """
    changed = set()
    for row in batch.rows:
        if row.seq > book.applied_seq + 1:
            break
        image = book.apply(row)
        if image is not None:
            changed.add(image)
    complete = book.applied_seq >= batch.seq_to
    return Taken(frozenset(changed), None if complete else book.applied_seq)
