"""Test images for the report, small and few: confident mistakes, other mistakes, and right answers."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import BytesIO
from typing import Any, Final

import numpy as np
from PIL import Image

from labeler.analyst import Analyst
from labeler.report.material import Album, Picture
from shared.errors import LabelstreamError

SIDE: Final = 160
MOST: Final = 12  # pictures of an album
SMALL_BYTES: Final = 8_000
QUALITY: Final = 82

MOST_MAPS: Final = 6  # saliency maps of an album
STRENGTH: Final = 0.75
RAMP: Final = np.array([[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]], np.float64)

Show = Callable[[str, int], tuple[bytes, str]]
Explain = Callable[[str, int], bytes | None]
Images = list[dict[str, Any]]


def albums(analyst: Analyst, version: int, table: dict[str, Any], show: Show, explain: Explain) -> list[Album]:
    """The albums that are not empty.

    table: the version as `Analyst.tables` gives it. show: as `Gallery.show`. explain(image_id, size): a grey PNG of
    what the model looks at, as large as the image is shown; None where there is none now.
    """
    names = [each["class"] for each in table["per_class"]]
    cells = sorted(table["confusion"], key=lambda cell: -cell[2])
    doubted = analyst.images("mistakes", [version], None)
    known = {each["image_id"] for each in doubted["images"]}

    def of(label: int, prediction: int) -> Images:
        found: Images = analyst.images("cell", [version], (names[label], names[prediction]))["images"]
        return found

    wrong = (of(i, j) for i, j, _ in cells if i != j)
    right = (of(i, j)[:1] for i, j, _ in cells if i == j)
    others = [each for images in _until(MOST + len(known), wrong) for each in images if each["image_id"] not in known]
    n_wrong = sum(amount for i, j, amount in cells if i != j)
    n_right = sum(amount for i, j, amount in cells if i == j)
    groups = (
        ("Confident mistakes: perhaps the label is wrong", doubted["images"], doubted["total"]),
        ("Other mistakes", others, n_wrong - doubted["total"]),
        ("Right, one of each class", [each for images in _until(MOST, right) for each in images], n_right),
    )
    made = (Album(title, _pictures(images, show, explain), total) for title, images, total in groups)
    return [album for album in made if album.pictures]


def _until(enough: int, groups: Iterable[Images]) -> Iterator[Images]:
    """Groups of images until there are enough of them."""
    seen = 0
    for images in groups:
        yield images
        seen += len(images)
        if seen >= enough:
            return


def _pictures(images: Sequence[dict[str, Any]], show: Show, explain: Explain) -> list[Picture]:
    found: list[Picture] = []
    for each in images:
        try:
            data, kind = lighter(*show(each["image_id"], SIDE))
        except LabelstreamError:  # it vanished
            continue
        heat = explain(each["image_id"], SIDE) if len(found) < MOST_MAPS else None
        looked = "" if heat is None else data_uri(overlaid(data, heat), "image/jpeg")
        said = each["answers"][-1]
        found.append(
            Picture(data_uri(data, kind), each["filename"], each["label"], said["label"], said["confidence"], looked)
        )
        if len(found) == MOST:
            break
    return found


def overlaid(data: bytes, heat: bytes) -> bytes:
    """A picture with a map over it, as JPEG: the more the model looks at a place, the brighter and yellower it is."""
    with Image.open(BytesIO(data)) as image, Image.open(BytesIO(heat)) as grey:
        pixels = np.asarray(image.convert("RGB"), np.float64)
        seen = np.asarray(grey.convert("L").resize(image.size), np.float64) / 255
    places = np.linspace(0, 1, len(RAMP))
    colours = np.stack([np.interp(seen, places, channel) for channel in RAMP.T], axis=-1)
    mixed = pixels * (1 - STRENGTH) + colours * STRENGTH
    sink = BytesIO()
    Image.fromarray(mixed.astype(np.uint8)).save(sink, "JPEG", quality=QUALITY)
    return sink.getvalue()


def lighter(data: bytes, kind: str) -> tuple[bytes, str]:
    """A picture in few bytes: as it is where it is small, else as JPEG."""
    if len(data) <= SMALL_BYTES:
        return data, kind
    sink = BytesIO()
    with Image.open(BytesIO(data)) as image:
        image.thumbnail((SIDE, SIDE))
        image.convert("RGB").save(sink, "JPEG", quality=QUALITY)
    return sink.getvalue(), "image/jpeg"


def data_uri(data: bytes, kind: str) -> str:
    """The picture as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
