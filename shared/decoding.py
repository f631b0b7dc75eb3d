"""Bytes to pixels, safely: what is in a file, its 8-bit RGB pixels, and what a browser is shown.

Every image becomes upright 8-bit RGB in the same way everywhere, so that people and models see the same picture:

- EXIF orientation is applied once; of several frames or pages the first counts.
- Transparent parts are put on white.
- More than 8 bits: values from 0 to the top of the smallest usual bit depth (8, 10, 12, 14, 16) that holds the
  image's maximum become 0..255, so that a 12-bit camera image in a 16-bit file is not black. Fractions 0..1 become
  0..255. Anything else (negative or larger values) is stretched from its minimum to its maximum.

Pillow's decoders are called directly, by the file's first bytes: `Image.open` would try others and compare with a
limit that is global to the process.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ExifTags import Base as Tag
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from shared.errors import ImageRejected

SIGNATURES: Final[list[tuple[bytes, str]]] = [
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"RIFF", "WEBP"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
]
DECODERS: Final[dict[str, Callable[[BytesIO], ImageFile]]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "WEBP": WebPImageFile,
    "BMP": BmpImageFile,
    "TIFF": TiffImageFile,
}
BROWSER_TYPES: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
BROWSER_MODES: Final = frozenset({"1", "L", "P", "RGB"})
UPRIGHT: Final[dict[int, Image.Transpose]] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
PNG_METADATA: Final = (b"eXIf", b"Raw profile type", b"XML:com.adobe.xmp")
BIT_DEPTHS: Final = (8, 10, 12, 14, 16)
JPEG_QUALITY: Final = 92
LOSSLESS_UP_TO: Final = 1_000_000  # pixels; a larger PNG takes seconds to make and megabytes to send


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What the header says: upright size in pixels, and whether a browser can show the bytes as they are."""

    width: int
    height: int
    format: str
    displayable: bool


def inspect(data: bytes, max_pixels: int) -> ImageInfo:
    """Check a file by its header and its end; only one that looks cut off is decoded.

    Raises ImageRejected, with the reason as a sentence whose subject is the file.
    """
    image = _open(data, max_pixels)
    if not _looks_complete(image, data):
        with _rejecting():
            image.load()
    orientation = _orientation(image, data)
    width, height = image.size
    if orientation >= 5:
        width, height = height, width
    plain = image.mode in BROWSER_MODES and not image.has_transparency_data
    still = not getattr(image, "is_animated", False)
    displayable = image.format in BROWSER_TYPES and plain and still and orientation == 1
    return ImageInfo(width, height, image.format or "", displayable)


def decode_rgb(data: bytes, max_pixels: int, size: int | None = None) -> Image.Image:
    """The upright 8-bit RGB image, converted as the module says.

    size: what the caller will shrink the shorter side to, in pixels. A large JPEG is then decoded at a half, a quarter
    or an eighth, never with a shorter side below `size`: several times faster. Raises ImageRejected.
    """
    image = _open(data, max_pixels)
    with _rejecting():
        if size is not None and image.format == "JPEG":
            image.draft(image.mode, (size, size))
        image.load()
        upright = UPRIGHT.get(_orientation(image, data))
        rgb = _to_rgb(image)
        return rgb if upright is None else rgb.transpose(upright)


def display_bytes(data: bytes, size: int | None, max_pixels: int) -> tuple[bytes, str]:
    """What a browser gets, and its media type: the bytes as they are where they show what the model sees.

    size: the longest side is made at most this many pixels; an image is never made larger. Raises ImageRejected.
    """
    info = inspect(data, max_pixels)
    longest, shortest = max(info.width, info.height), min(info.width, info.height)
    if info.displayable and (size is None or longest <= size):
        return data, BROWSER_TYPES[info.format]
    # Twice the size asked for leaves the resampling filter enough to work on.
    hint = None if size is None else max(1, 2 * size * shortest // longest)
    image = decode_rgb(data, max_pixels, hint)
    if size is not None:
        image.thumbnail((size, size), Image.Resampling.LANCZOS)
    lossless = info.format in ("PNG", "BMP", "TIFF") and image.width * image.height <= LOSSLESS_UP_TO
    return _encode(image, "PNG" if lossless else "JPEG")


def _encode(image: Image.Image, kind: str) -> tuple[bytes, str]:
    options: dict[str, Any] = {"compress_level": 3} if kind == "PNG" else {"quality": JPEG_QUALITY, "subsampling": 0}
    target = BytesIO()
    with _rejecting():  # a JPEG has at most 65,500 pixels a side
        image.save(target, kind, icc_profile=image.info.get("icc_profile"), **options)
    return target.getvalue(), BROWSER_TYPES[kind]


def _open(data: bytes, max_pixels: int) -> ImageFile:
    """The image with its header read and its size checked, no pixel decoded yet."""
    kind = _format(data)
    if kind == "WEBP":  # its decoder makes room for all pixels while it reads the header
        _check_size(*_webp_size(data), max_pixels)
    with _rejecting():
        image = DECODERS[kind](BytesIO(data))
    _check_size(*image.size, max_pixels)
    return image


def _format(data: bytes) -> str:
    if not data:
        raise ImageRejected("is empty (0 bytes)")
    for signature, kind in SIGNATURES:
        if data.startswith(signature) and (kind != "WEBP" or data[8:12] == b"WEBP"):
            return kind
    head = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in data[:16])
    raise ImageRejected(f"is not a JPEG, PNG, WebP, BMP or TIFF image: starts with “{head}”")


def _check_size(width: int, height: int, max_pixels: int) -> None:
    pixels = width * height
    if pixels > max_pixels:
        raise ImageRejected(
            f"is larger than the limit: {width:,} × {height:,} = {_millions(pixels)} pixels, "
            f"limit {_millions(max_pixels)} (images.max_pixels)"
        )
    if pixels <= 0:
        raise ImageRejected(f"has no pixels: {width} × {height}")


def _millions(count: int) -> str:
    return f"{count / 1e6:,.4g} million" if count >= 1_000_000 else f"{count:,}"


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height of the canvas, from the first chunk [RFC 9649]."""
    with _rejecting():
        kind = data[12:16]
        if kind == b"VP8X":
            return (int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1)
        if kind == b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF


def _looks_complete(image: ImageFile, data: bytes) -> bool:
    """Whether the end of the file is what its format ends with; cheap, and wrong only for what is then decoded."""
    match image.format:
        case "JPEG":
            return data[-64:].rstrip(b"\0").endswith(b"\xff\xd9")
        case "PNG":
            return data.endswith(b"IEND\xaeB`\x82")
        case "WEBP":
            return len(data) >= 8 + int.from_bytes(data[4:8], "little")
        case "TIFF":
            return _tiff_parts_end(image) <= len(data)
        case _:
            return False


def _tiff_parts_end(image: ImageFile) -> float:
    """Where the last strip or tile of pixels ends, in bytes; infinite where the file does not say."""
    tags: Any = getattr(image, "tag_v2", {})
    for offsets, lengths in ((Tag.StripOffsets, Tag.StripByteCounts), (Tag.TileOffsets, Tag.TileByteCounts)):
        if offsets in tags and lengths in tags:
            return max((o + n for o, n in zip(tags[offsets], tags[lengths], strict=False)), default=float("inf"))
    return float("inf")


def _orientation(image: ImageFile, data: bytes) -> int:
    """The EXIF orientation, 1 to 8; 1 where it is missing, wrong, or already applied by the decoder (TIFF)."""
    if image.format in ("TIFF", "BMP"):
        return 1
    if image.format == "PNG" and not any(mark in data for mark in PNG_METADATA):
        return 1  # asking Pillow for the EXIF data of such a file would decode it
    try:
        found = image.getexif().get(Tag.Orientation, 1)
    except Exception:  # broken metadata is no reason to reject good pixels
        return 1
    return found if found in UPRIGHT else 1


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_to_8_bit(np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        pixels = image.convert("RGBA")
        rgb = Image.alpha_composite(Image.new("RGBA", image.size, "white"), pixels).convert("RGB")
    else:
        rgb = image.convert("RGB")
    coloured = image.mode in ("RGB", "RGBA", "P")  # the profile of other modes does not describe RGB values
    rgb.info = {key: image.info[key] for key in ("icc_profile",) if coloured and key in image.info}
    return rgb


def _to_8_bit(pixels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Scale grey values of any depth to 0..255, as the module says; NaN and infinity become 0. (H, W) → (H, W)."""
    fractions = pixels.dtype.kind == "f"
    values = np.nan_to_num(pixels.astype(np.float32), copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if low >= 0:
        tops = [1.0] * fractions + [2.0**depth - 1 for depth in BIT_DEPTHS]
        low, high = 0.0, next((top for top in tops if high <= top), high)
    values -= low
    values *= 255 / (high - low) if high > low else 0.0
    return np.rint(values, out=values).astype(np.uint8)


@contextmanager
def _rejecting() -> Iterator[None]:
    """Turn whatever a decoder raises into ImageRejected; given arbitrary bytes it raises nearly anything."""
    try:
        yield
    except ImageRejected:
        raise
    except Exception as error:
        text = " ".join(str(error).split())[:200]
        truncated = "truncated" in text.lower() or isinstance(error, EOFError | struct.error)
        raise ImageRejected(
            "is truncated: the file ends too early" if truncated else f"cannot be decoded: {text}"
        ) from error
