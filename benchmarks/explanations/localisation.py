"""Whether a map lies where people have drawn boxes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


def read_boxes(file: Path, size: int) -> dict[str, Flags]:
    """From COCO annotations: path of an image → which pixels of size × size lie in a box, (size, size)."""
    found: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    images = {image["id"]: image for image in found["images"]}
    masks: dict[str, Flags] = {}
    for annotation in found["annotations"]:
        image = images[annotation["image_id"]]
        mask = masks.setdefault(image["file_name"], np.zeros((size, size), np.bool_))
        _fill(mask, annotation["bbox"], image["width"], image["height"])
    return masks


def _fill(mask: Flags, box: Sequence[float], width: int, height: int) -> None:
    left, top, across, down = box
    size = len(mask)
    rows = slice(round(top * size / height), round((top + down) * size / height))
    columns = slice(round(left * size / width), round((left + across) * size / width))
    mask[rows, columns] = True


def share_inside(saliency: Floats, mask: Flags) -> float:
    """How much of the map lies inside, 0..1; what an even map would have is mask.mean()."""
    total = float(saliency.sum())
    return float(saliency[mask].sum()) / total if total > 0 else float(mask.mean())


def hits(saliency: Floats, mask: Flags) -> bool:
    """The pointing game [Zhang 2016]: whether the largest value lies inside."""
    return bool(mask.flat[int(saliency.argmax())])
