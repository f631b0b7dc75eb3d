"""Time from a key press to the next image on screen, in a real headless Chromium at the real services.

The page itself measures it, from the key event's time stamp to the frame after the one that holds the next image
(`performance.measure` entries "labelstream:key-to-paint"). Measured twice: with the labeler alone, and while the
trainer reads the same images through a MobileNetV2 and fits after every label, on the same processor.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import requests
from playwright.sync_api import Page, expect

from benchmarks.browser import find_browser, launch
from benchmarks.services import Pair, Service, pair, wait_until
from benchmarks.synthetic import FACTORY, trainer_environ, write_photos
from benchmarks.table import milliseconds, parser_for, percentiles, print_table, write_json

CLASSES = ["one", "two", "three"]
SIZE = (640, 480)
DEADLINE_S = 60.0
TAKE = "() => performance.getEntriesByName('labelstream:key-to-paint').map((entry) => entry.duration / 1000)"


def label_by_key(page: Page, count: int, pause_s: float) -> list[float]:
    """Press class keys, each when the next image is on screen and a pause has passed. Returns seconds, one per key."""
    page.evaluate("() => performance.clearMeasures('labelstream:key-to-paint')")
    for number in range(1, count + 1):
        page.keyboard.press(str(number % len(CLASSES) + 1))
        end = time.monotonic() + DEADLINE_S
        while len(page.evaluate(TAKE)) < number:
            if time.monotonic() > end:
                raise TimeoutError(f"no next image {DEADLINE_S:g} s after key press {number}")
            page.wait_for_timeout(10)
        page.wait_for_timeout(pause_s * 1000)
    seconds: list[float] = page.evaluate(TAKE)
    return seconds


def open_page(page: Page, url: str) -> None:
    """Open the labelling page as an annotator who has been there before, and wait for the first image."""
    page.context.add_init_script(f"localStorage.setItem('labelstream.annotator', {json.dumps('benchmark')})")
    page.goto(url)
    expect(page.locator("#stage[data-image-id]")).to_be_visible(timeout=DEADLINE_S * 1000)


def state_of(labeler: Service) -> dict[str, Any]:
    """`GET /api/state`."""
    state: dict[str, Any] = requests.get(f"{labeler.url}/api/state", timeout=30).json()
    return state


def measure(services: Pair, keys: int, pause_s: float) -> list[dict[str, Any]]:
    """The figures with the labeler alone, then with a busy trainer."""
    services.labeler.start()
    wait_until(lambda: state_of(services.labeler)["scan"]["done"], "the end of indexing")
    with launch() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        open_page(page, services.labeler.url)
        label_by_key(page, 5, pause_s)
        alone = label_by_key(page, keys, pause_s)
        services.trainer.start()
        wait_until(lambda: state_of(services.labeler)["trainer"]["embedded"], "the first images to be read")
        before = state_of(services.labeler)["trainer"]
        busy = label_by_key(page, keys, pause_s)
        after = state_of(services.labeler)["trainer"]
    return [
        {"trainer": "away", **percentiles(alone)},
        {
            "trainer": "embedding and training",
            **percentiles(busy),
            "images_read_meanwhile": after["embedded"] - before["embedded"],
            "models_fitted_meanwhile": after["model_version"] - before["model_version"],
        },
    ]


def main(argv: list[str] | None = None) -> int:
    """Make the images, measure, print."""
    parser = parser_for("benchmarks.page_latency", __doc__)
    parser.add_argument("--images", type=int, default=2_500, metavar="N", help="640 × 480 JPEG (default: %(default)s)")
    parser.add_argument("--keys", type=int, default=150, metavar="N", help="key presses each (default: %(default)s)")
    parser.add_argument("--pause", type=float, default=0.3, metavar="S", help="seconds between keys (default: 0.3)")
    given = parser.parse_args(argv)
    if find_browser() is None:
        print("page_latency: no Chromium or Chrome was found; install one, or name it in LABELSTREAM_BROWSER")
        return 1
    keys = 40 if given.quick else given.keys
    with tempfile.TemporaryDirectory(prefix="page-latency-") as folder:
        images = Path(folder, "images")
        write_photos(given.images, images, np.random.default_rng(given.seed), SIZE)
        settings = {"model.factory": FACTORY, "classes": CLASSES}
        with pair(images, Path(folder, "data"), settings, trainer_environ(1280, heavy=True)) as services:
            figures = measure(services, keys, given.pause)
    print_table(
        [
            {
                "trainer": f["trainer"],
                "keys": f["n"],
                "p50": milliseconds(f["p50_s"]),
                "p95": milliseconds(f["p95_s"]),
                "images read, models fitted meanwhile": (
                    f"{f.get('images_read_meanwhile', 0)}, {f.get('models_fitted_meanwhile', 0)}"
                ),
            }
            for f in figures
        ]
    )
    write_json(given.json, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
