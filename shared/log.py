"""Folding the annotation log into the labels that count. Used by both services, so they cannot disagree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from shared.messages import Kind, LogRow


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts for one image: the newest row that was not undone."""

    seq: int
    kind: Kind
    class_id: int | None


@dataclass(slots=True)
class LabelBook:
    """The state that a prefix of the log amounts to. Rows must be applied in order of `seq`."""

    applied_seq: int = 0
    _rows: dict[int, dict[str, Standing]] = field(default_factory=dict)

    def apply(self, row: LogRow) -> int | None:
        """Take in one row. Returns the image whose standing may have changed, None for a duplicate."""
        if row.seq <= self.applied_seq:
            return None
        self.applied_seq = row.seq
        rows = self._rows.setdefault(row.image, {})
        if row.kind is Kind.UNDO:
            rows.pop(row.undoes or "", None)
        else:
            rows[row.annotation_id] = Standing(row.seq, row.kind, row.class_id)
        if not rows:
            del self._rows[row.image]
        return row.image

    def apply_all(self, rows: Iterable[LogRow]) -> None:
        """Take in rows in order."""
        for row in rows:
            self.apply(row)

    def standing(self, image: int) -> Standing | None:
        """What counts for `image`, None where nothing does."""
        rows = self._rows.get(image)
        return next(reversed(rows.values())) if rows else None

    def __iter__(self) -> Iterator[tuple[int, Standing]]:
        """Every image on which something stands."""
        for image, rows in self._rows.items():
            yield image, next(reversed(rows.values()))

    def labels(self) -> dict[int, int]:
        """Image number → class number, for every image whose newest row is a label."""
        return {image: s.class_id for image, s in self if s.kind is Kind.LABEL and s.class_id is not None}

    def rows(self) -> list[LogRow]:
        """Every row that was not undone, in order of `seq`: enough to build the book again, but for `applied_seq`."""
        kept = [
            LogRow(seq=s.seq, annotation_id=annotation_id, image=image, kind=s.kind, class_id=s.class_id)
            for image, rows in self._rows.items()
            for annotation_id, s in rows.items()
        ]
        return sorted(kept, key=lambda row: row.seq)

    def refused(self) -> list[int]:
        """The images on which a skip or a flag stands."""
        return [image for image, s in self if s.kind is not Kind.LABEL]
