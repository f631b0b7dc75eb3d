"""Labels in and out: matching names to images, and rows for the export formats."""

from __future__ import annotations

import itertools
import os
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from labeler.board import IMPORTER, Board
from labeler.classes import Classes
from labeler.formats import ExportRow, ImportRow
from labeler.image_store import ImageStore
from labeler.service import LabelingService
from labeler.store import AnnotationStore
from shared.messages import Kind

CHUNK = 500
SHOWN_NAMES = 20


@dataclass(slots=True)
class ImportReport:
    """What became of an import. `unknown` lists the first few names that match no image."""

    imported: int = 0
    unchanged: int = 0
    unknown_count: int = 0
    unknown: list[str] = field(default_factory=list)
    new_classes: list[str] = field(default_factory=list)

    def miss(self, name: str) -> None:
        """Count a name that matches no image."""
        self.unknown_count += 1
        if len(self.unknown) < SHOWN_NAMES:
            self.unknown.append(name)


class Exchange:
    """Import and export of labels."""

    def __init__(
        self, board: Board, images: ImageStore, annotations: AnnotationStore, classes: Classes, service: LabelingService
    ) -> None:
        self._board = board
        self._images = images
        self._annotations = annotations
        self._classes = classes
        self._service = service

    def load(self, rows: Iterable[ImportRow]) -> ImportReport:
        """Record imported labels; what stands already is left as it is.

        The rows are read to their end first, so that a malformed line imports nothing. Raises InvalidInput.
        """
        rows = list(rows)
        report, match = ImportReport(), self._matcher()
        for start in range(0, len(rows), CHUNK):
            self._load_chunk(rows[start : start + CHUNK], match, report)
        return report

    def _load_chunk(self, rows: list[ImportRow], match: Matcher, report: ImportReport) -> None:
        found = [(match.image(row.name), row) for row in rows]
        report.new_classes += self._classes.add_missing(row.label for image, row in found if image is not None)
        wanted: dict[int, int] = {}
        for image, row in found:
            if image is None:
                report.miss(row.name)
            else:
                wanted[image] = self._classes.number(row.label)
        new = [(image, number) for image, number in wanted.items() if not self._stands(image, number)]
        self._service.record_labels(new, IMPORTER, lambda: str(uuid.uuid4()))
        report.imported += len(new)
        report.unchanged += len(found) - len(new) - sum(image is None for image, _ in found)

    def _stands(self, image: int, class_id: int) -> bool:
        standing = self._board.book.standing(image)
        return standing is not None and standing.kind is Kind.LABEL and standing.class_id == class_id

    def _matcher(self) -> Matcher:
        return Matcher(self._images.present_files())

    def rows(self) -> Iterator[ExportRow]:
        """One row per file whose image is labelled, in order of path; equal files share the label."""
        files = self._images.present_files()
        while chunk := list(itertools.islice(files, CHUNK)):
            yield from self._export_chunk(chunk)

    def folder_names(self) -> Iterator[ImportRow]:
        """One row per file in a subfolder: its parent folder's name is the class."""
        for path, _ in self._images.present_files():
            parent = path.rpartition(b"/")[0].rpartition(b"/")[2]
            if parent:
                yield ImportRow(os.fsdecode(path), parent.decode("utf-8", "replace"))

    def _export_chunk(self, chunk: list[tuple[bytes, int]]) -> Iterator[ExportRow]:
        standing = {image: self._board.book.standing(image) for _, image in chunk}
        seqs = {image: s.seq for image, s in standing.items() if s and s.kind is Kind.LABEL}
        rows = self._annotations.rows_at(list(seqs.values()))
        for path, image in chunk:
            if image in seqs and (row := rows.get(seqs[image])) and row.class_id is not None:
                name = self._board.class_names[row.class_id]
                yield ExportRow(path, name, row.annotator, row.created_at, row.seq, row.lane.value, row.bulk)


class Matcher:
    """Finds the image that a name in a label file means: by its path, else by a file name that is unique."""

    def __init__(self, files: Iterable[tuple[bytes, int]]) -> None:
        """files: (path below the image folder, image number)."""
        self._by_path = dict(files)
        counts = Counter(path.rpartition(b"/")[2] for path in self._by_path)
        self._by_name = {
            name: image for path, image in self._by_path.items() if counts[name := path.rpartition(b"/")[2]] == 1
        }

    def image(self, name: str) -> int | None:
        """The image number, None where nothing or more than one file matches."""
        exact = os.fsencode(name)
        path = exact.replace(b"\\", b"/").removeprefix(b"./")
        for candidate in (exact, path, path.removeprefix(b"images/")):
            if candidate in self._by_path:
                return self._by_path[candidate]
        return self._by_name.get(path.rpartition(b"/")[2])
