"""Time from a saved mask to the model that has learnt its copies, through both real processes.

The clock starts when the labeler has acknowledged the mask and stops when it hears of the next model. The trainer has
read all images and is idle before each mask: it fetches the mask, reads the image and its donors, embeds the copies
through a MobileNetV2 at 224 px and fits the head.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import requests

from benchmarks.annotator import Annotator, Truth
from benchmarks.loop_latency import DEADLINE_S, until_idle
from benchmarks.page_latency import SIZE
from benchmarks.services import Pair, pair, wait_until
from benchmarks.synthetic import FACTORY, trainer_environ, write_photos
from benchmarks.table import milliseconds, parser_for, percentiles, print_table, write_json
from shared.masks import IGNORE, encode_mask

CLASSES = ("one", "two", "three")
LABELS = 60


def mask() -> bytes:
    """A square in the middle of an image of SIZE."""
    width, height = SIZE
    levels = np.zeros((height, width), np.uint8)
    levels[height // 2 - 40 : height // 2 + 40, width // 2 - 40 : width // 2 + 40] = IGNORE
    return encode_mask(levels)


def seconds_for(annotator: Annotator, image_id: str, png: bytes) -> float:
    """Paint on one image, and wait for the model that knows it."""
    before = annotator.state()["trainer"]["model_version"]
    url = f"{annotator.url}/api/masks/{image_id}?annotator=benchmark"
    requests.put(url, data=png, headers={"Content-Type": "image/png"}, timeout=30).raise_for_status()
    saved = time.perf_counter()
    wait_until(lambda: annotator.state()["trainer"]["model_version"] > before, "the next model", DEADLINE_S)
    return time.perf_counter() - saved


def measure(services: Pair, annotator: Annotator, count: int) -> list[float]:
    """Start both services, label, paint `count` labelled training images."""
    services.labeler.start()
    services.trainer.start()
    annotator.add_classes()
    annotator.run(LABELS)
    images = annotator.state()["counts"]["images"]
    wait_until(lambda: annotator.state()["trainer"]["embedded"] == images, "all images to be read", DEADLINE_S)
    rows = requests.get(f"{annotator.url}/api/annotations?limit=1000", timeout=30).json()["annotations"]
    chosen = [row["image_id"] for row in rows if row["lane"] != "test"][:count]
    png, found = mask(), []
    for image_id in chosen:
        until_idle(annotator)
        found.append(seconds_for(annotator, image_id, png))
    return found


def figures_for(images: int, masks: int, seed: int) -> dict[str, Any]:
    """Make the images, start the services on them, measure."""
    with tempfile.TemporaryDirectory(prefix="mask-latency-") as made:
        folder = Path(made, "images")
        write_photos(images, folder, np.random.default_rng(seed), SIZE)
        truth = Truth([(path.name, CLASSES[i % len(CLASSES)]) for i, path in enumerate(sorted(folder.iterdir()))])
        settings = {"model.factory": FACTORY, "slow.enabled": False}
        with pair(folder, Path(made, "data"), settings, trainer_environ(1280, heavy=True)) as services:
            annotator = Annotator(services.labeler.url, truth, random.Random(seed))
            return percentiles(measure(services, annotator, masks))


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = parser_for("benchmarks.mask_latency", __doc__)
    parser.add_argument("--images", type=int, default=300, metavar="N", help="640 × 480 JPEG (default: %(default)s)")
    parser.add_argument("--masks", type=int, default=20, metavar="N", help="default: %(default)s, quick: 5")
    given = parser.parse_args(argv)
    figures = figures_for(given.images, 5 if given.quick else given.masks, given.seed)
    print_table([{"masks": figures["n"], "p50": milliseconds(figures["p50_s"]), "p95": milliseconds(figures["p95_s"])}])
    write_json(given.json, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
