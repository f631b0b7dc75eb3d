"""Reading images by id: only bytes that still are what was indexed leave the folder."""

from __future__ import annotations

from pathlib import Path

from labeler.board import Board
from labeler.image_store import ImageStore
from shared.errors import ImageRejected, UnknownImage
from shared.images import content_hash, display_bytes, open_below


class Gallery:
    """The images of the folder, as bytes."""

    def __init__(self, folder: Path, images: ImageStore, board: Board, max_pixels: int) -> None:
        self._folder = folder
        self._images = images
        self._board = board
        self._max_pixels = max_pixels

    def show(self, image_id: str, size: int | None) -> tuple[bytes, str]:
        """Upright bytes for a browser, and their type; one that cannot be decoded leaves the queue.

        Raises UnknownImage.
        """
        data = self.read(image_id)
        try:
            return display_bytes(data, size, self._max_pixels)
        except ImageRejected as error:
            number = self._images.find_images([image_id])[image_id].number
            self._images.mark_unreadable({number: str(error)})
            self._board.lose_images([number])
            raise UnknownImage(f"the image cannot be shown: {error}; it has left the queue", "image_id") from error

    def read(self, image_id: str) -> bytes:
        """The bytes of a file that holds this image. Raises UnknownImage where none does any more."""
        for path in self._images.paths_of(image_id):
            try:
                data = self.read_path(path)
            except (OSError, ImageRejected):
                continue
            if content_hash(data) == image_id:
                return data
        raise UnknownImage(
            f"no file holds the image {image_id[:80]!r} any more; it was moved, changed or deleted", "image_id"
        )

    def read_path(self, path: bytes) -> bytes:
        """The bytes of the file at `path` below the folder. Raises OSError, ImageRejected."""
        with open_below(self._folder, path) as file:
            return file.read()
