"""Painted masks on the trainer's side: read from the labeler, turned into regions of prepared images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidInput
from shared.masks import decode_mask, ignored
from trainer.labeler_http import MaskPage, MaskRow

Flags = npt.NDArray[np.bool_]


class MaskSource(Protocol):
    """Where masks come from."""

    def masks(self, after: int) -> MaskPage:
        """Masks that changed after `after`, in order; none where there are no more."""

    def mask(self, image_id: str) -> bytes | None:
        """A mask, as painted; None where it is gone."""


def changes(source: MaskSource, after: int) -> Iterator[MaskRow]:
    """All masks that changed after `after`, in order."""
    while rows := source.masks(after).masks:
        yield from rows
        after = rows[-1].change


def region_of(source: MaskSource, row: MaskRow, size: int) -> Flags | None:
    """Where a model shall not look on the image squeezed to size × size; None where nothing is painted any more."""
    data = source.mask(row.image_id) if row.painted else None
    if data is None:
        return None
    try:
        region = ignored(decode_mask(data, row.width, row.height), size)
    except InvalidInput:  # painted over meanwhile on another content; the next change says more
        return None
    return region if region.any() else None
