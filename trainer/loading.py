"""From an image's place in the pool to prepared pixels."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from shared.errors import ImageRejected
from shared.images import content_hash, decode_rgb, resolve
from trainer.labeler_http import PoolPage
from trainer.models.space import Pixels, prepare
from trainer.pool import ImageRef


class ImageSource(Protocol):
    """Where the directory of the pool comes from, and images that are not on this machine."""

    def pool(self, after: int) -> PoolPage:
        """Rows that changed after `after`, in order; none where there are no more."""

    def image(self, image_id: str) -> bytes | None:
        """The bytes of an image, None where it is gone."""


@dataclass(frozen=True, slots=True)
class Loader:
    """Reads below `root`, and from `source` what cannot be read there."""

    root: Path
    source: ImageSource
    max_pixels: int

    def load(self, ref: ImageRef, size: int) -> Pixels | None:
        """The prepared image, (size, size, 3); None where the bytes are not, or no longer, those the labeler saw.

        Raises ImageRejected where they are no usable image, LabelstreamError where the labeler cannot be asked.
        """
        data = self._read(ref)
        if data is None:
            data = self.source.image(ref.image_id)
        elif content_hash(data) != ref.content_hash.hex():
            return None
        return None if data is None else prepare(decode_rgb(data, self.max_pixels, size), size)

    def _read(self, ref: ImageRef) -> bytes | None:
        try:
            return resolve(self.root, os.fsencode(ref.path)).read_bytes()
        except (OSError, ImageRejected):
            return None
