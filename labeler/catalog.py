"""Turns what the scanner finds into images: equal files are one image, and each image gets its lane for good."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from labeler.board import Board, Scan
from labeler.holdout import draw_holdout, holdout_size, size_for_proof
from labeler.image_store import FileRow, ImageRow, ImageStore
from labeler.queue import Status
from labeler.scanner import Finding
from shared.config import Config
from shared.errors import StorageFull

RETRY_SECONDS = 1.0
RECOUNT_GROWTH = 1.5  # counting looks at every file, so it is done each time there are half as many more


class Catalog:
    """The scanner's sink, called from the scanner's thread alone.

    An image is a content: equal files are one image, a renamed file keeps its lane and label, and a file
    that is overwritten becomes another image.
    """

    def __init__(
        self, store: ImageStore, board: Board, config: Callable[[], Config], wait: Callable[[float], object]
    ) -> None:
        """config: as it is now. wait: called with the seconds until a refused commit is tried again."""
        self._store = store
        self._board = board
        self._config = config
        self._wait = wait
        self._scan = Scan()
        self._counted_at = 0

    def known(self) -> Iterable[tuple[bytes, int, int]]:
        """(path, size, mtime_ns) of every file that was there when last looked at."""
        return self._store.known_files()

    def progress(self, found: int, indexed: int, done: bool) -> None:
        """Note how far the look has come; done: the first look is over."""
        scan = Scan(found, indexed, done)
        if scan != self._scan:
            self._scan = scan
            recount = done or indexed >= RECOUNT_GROWTH * self._counted_at
            if recount:
                self._counted_at = indexed
            self._board.note_scan(scan, self._store.file_counts() if recount else self._board.file_counts)

    def found(self, findings: Sequence[Finding]) -> None:
        """Take in new and changed files."""
        known = self._store.find_images({f.content_hash for f in findings if not f.reason})
        before = self._store.files_of([f.path for f in findings])
        fresh = self._new_images(findings, known)
        numbers = {row.image_id: row.number for row in [*known.values(), *fresh]}
        returned = [row for row in known.values() if not row.present]
        self._save(fresh, [_file_row(f, numbers) for f in findings], {row.number: True for row in returned})
        self._board.add_images([(row.number, row.lane == "test", row.image_id) for row in fresh])
        self._board.regain_images([row.number for row in returned if not row.reason])
        self._drop_orphans(row.image for row in before.values())

    def gone(self, paths: Sequence[bytes]) -> None:
        """Note that files are no longer there."""
        before = self._store.files_of(paths)
        self._save([], [replace(row, present=False) for row in before.values()], {})
        self._drop_orphans(row.image for row in before.values())

    def _save(self, fresh: list[ImageRow], rows: list[FileRow], presence: dict[int, bool]) -> None:
        while True:
            try:
                self._store.save_files(fresh, rows, presence)
            except StorageFull as error:
                self._board.note_problem(error)
                self._wait(RETRY_SECONDS)
            else:
                return

    def _drop_orphans(self, images: Iterable[int | None]) -> None:
        candidates = {image for image in images if image is not None}
        orphans = candidates - self._store.images_with_files(candidates)
        if orphans:
            self._save([], [], dict.fromkeys(orphans, False))
            self._board.lose_images(orphans)

    def _new_images(self, findings: Sequence[Finding], known: dict[str, ImageRow]) -> list[ImageRow]:
        contents = {f.content_hash: f for f in findings if not f.reason and f.content_hash not in known}
        tests = draw_holdout(list(contents), self._missing_tests(len(contents)))
        first, change = len(self._board.queue), self._store.last_change() + 1
        return [
            ImageRow(first + i, key, f.width, f.height, _lane(key in tests), "", True, change + i, f.path)
            for i, (key, f) in enumerate(contents.items())
        ]

    def _missing_tests(self, new: int) -> int:
        """How many of `new` images to draw, so that the share is right when the look is over."""
        images = len(self._board.queue) + new
        expected = images + max(self._scan.found - self._scan.indexed - new, 0)
        config = self._config()
        wanted = holdout_size(expected, config.test, size_for_proof(config.stop)) * images / max(expected, 1)
        return min(round(wanted) - self._board.queue.count(*Status, test=True), new)


def _lane(is_test: bool) -> str:
    return "test" if is_test else "train"


def _file_row(finding: Finding, numbers: dict[str, int]) -> FileRow:
    image = None if finding.reason else numbers[finding.content_hash]
    return FileRow(finding.path, finding.size, finding.mtime_ns, image, finding.reason, True)
