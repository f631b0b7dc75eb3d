"""The lists of the Data page: files that cannot be used, doubles, lost ones, skipped and flagged images."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from labeler.board import Board
from labeler.image_store import FileRow, ImageRow, ImageStore
from labeler.views import image_url, show_path
from shared.errors import InvalidInput
from shared.messages import Kind

FILE_PROBLEMS = ("unreadable", "duplicate", "removed")
SET_ASIDE = {"skipped": Kind.SKIP, "flagged": Kind.FLAG}


class Listing:
    """Pages of files, by what is the matter with them."""

    def __init__(self, board: Board, images: ImageStore) -> None:
        self._board = board
        self._images = images

    def page(self, problem: str, after: int, limit: int) -> dict[str, Any]:
        """`GET /api/files`: the rows after position `after`. Raises InvalidInput."""
        if problem in SET_ASIDE:
            return self._set_aside(SET_ASIDE[problem], after, limit)
        if problem in FILE_PROBLEMS:
            rows, total = self._images.problem_files(problem, after, limit)
            return {"files": list(self._files(rows)), "total": total}
        raise InvalidInput(
            f"problem is {problem[:40]!r}; expected one of {', '.join([*FILE_PROBLEMS, *SET_ASIDE])}", "problem"
        )

    def _files(self, rows: Iterable[FileRow]) -> Iterable[dict[str, Any]]:
        rows = list(rows)
        images = self._images.images_by_number({row.image for row in rows if row.image is not None})
        for row in rows:
            image = images.get(row.image) if row.image is not None else None
            shown = image if image and image.present and not image.reason else None
            first = show_path(shown.path) if shown and shown.path != row.path else None
            yield _entry(row.path, shown, row.reason or (image.reason if image else ""), first)

    def _set_aside(self, kind: Kind, after: int, limit: int) -> dict[str, Any]:
        with self._board.lock:
            numbers = sorted(image for image, standing in self._board.book if standing.kind is kind)
        images = self._images.images_by_number(numbers[after : after + limit])
        rows = [_entry(images[n].path, images[n], "", None) for n in numbers[after : after + limit]]
        return {"files": rows, "total": len(numbers)}


def _entry(path: bytes, image: ImageRow | None, reason: str, duplicate_of: str | None) -> dict[str, Any]:
    return {
        "filename": show_path(path),
        "number": image.number if image else None,
        "image_id": image.image_id if image else None,
        "url": image_url(image.image_id) if image else None,
        "reason": reason,
        "duplicate_of": duplicate_of,
    }
