"""Masks that people paint: where a model shall not look at an image, or where it shall."""

from __future__ import annotations

from io import BytesIO
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from shared.decoding import decode_rgb, inspect
from shared.errors import ImageRejected, InvalidInput

Levels = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

NOTHING: Final = 0
IGNORE: Final = 128
LOOK: Final = 255
MAX_BYTES: Final = 8 * 1024 * 1024


def decode_mask(data: bytes, width: int, height: int) -> Levels:
    """The levels of a painted mask, (height, width), each NOTHING, IGNORE or LOOK.

    data: a grey PNG of exactly width × height pixels. Raises InvalidInput with what was sent and what is expected.
    """
    if len(data) > MAX_BYTES:
        raise InvalidInput(f"the mask has {len(data):,} bytes; expected a PNG of at most {MAX_BYTES:,}", "mask")
    try:
        info = inspect(data, max(1, width * height))
        if info.format != "PNG":
            raise InvalidInput(f"the mask is a {info.format} file; expected an 8-bit grey PNG", "mask")
        if (info.width, info.height) != (width, height):
            raise InvalidInput(
                f"the mask is {info.width} × {info.height} pixels, the image is {width} × {height}; "
                "paint it on the image at its own size",
                "mask",
            )
        pixels = np.asarray(decode_rgb(data, width * height))
    except ImageRejected as error:
        raise InvalidInput(f"the mask {error}; expected a grey PNG of {width} × {height} pixels", "mask") from error
    levels: Levels = pixels[..., 0]
    strange = ~np.isin(levels, (NOTHING, IGNORE, LOOK)) | (pixels != levels[..., None]).any(axis=2)
    if strange.any():
        row, column = np.argwhere(strange)[0].tolist()
        raise InvalidInput(
            f"the mask has the colour {pixels[row, column].tolist()} at row {row}, column {column}; expected grey "
            f"{NOTHING} (nothing), {IGNORE} (ignore) or {LOOK} (look here)",
            "mask",
        )
    return levels


def encode_mask(levels: Levels) -> bytes:
    """A mask as an 8-bit grey PNG. levels: (height, width)."""
    target = BytesIO()
    Image.fromarray(levels).save(target, "PNG")
    return target.getvalue()


def ignored(levels: Levels, size: int) -> Flags:
    """Where a model shall not look on the image squeezed to size × size, (size, size).

    What is painted IGNORE; where anything is painted LOOK, all else too. A pixel of the squeezed image counts as soon
    as an ignored pixel goes into it.
    """
    region = (levels != LOOK) if (levels == LOOK).any() else (levels == IGNORE)
    image = Image.fromarray((region * np.uint8(255)).astype(np.uint8))
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR)) > 0
