"""Time from pressing S to the saliency map over the shown image, in a real headless Chromium at the real services.

The page itself measures it, from the key event's time stamp to the frame after the one that holds the map
(`performance.measure` entries "labelstream:key-to-overlay"). Meanwhile the trainer reads images through a MobileNetV2
at 224 px and fits after every label, on the same processor. No map was asked for before, not ahead either.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from benchmarks.browser import find_browser, launch
from benchmarks.page_latency import CLASSES, DEADLINE_S, SIZE, label_by_key, open_page, state_of
from benchmarks.services import Pair, pair, wait_until
from benchmarks.synthetic import FACTORY, trainer_environ, write_photos
from benchmarks.table import milliseconds, parser_for, percentiles, print_table, write_json

ENTRY = "labelstream:key-to-overlay"
TAKE = f"() => performance.getEntriesByName('{ENTRY}').map((entry) => entry.duration / 1000)"
FIRST = 20


def overlays(page: Page, count: int, pause_s: float) -> list[float]:
    """Label two images, so that the map that was asked for ahead is left behind, then press S; `count` times.

    Test images are labelled and passed over.
    """
    while len(taken := taken_so_far(page)) < count:
        label_by_key(page, 2, pause_s)
        if "test image" in (page.locator("#why").text_content() or ""):
            continue
        page.keyboard.press("s")
        end = time.monotonic() + DEADLINE_S
        while len(taken_so_far(page)) == len(taken):
            if time.monotonic() > end:
                raise TimeoutError(f"no map {DEADLINE_S:g} s after S: {page.locator('#lens-note').text_content()}")
            page.wait_for_timeout(10)
        page.keyboard.press("s")
    return taken


def taken_so_far(page: Page) -> list[float]:
    """Seconds, one per map."""
    seconds: list[float] = page.evaluate(TAKE)
    return seconds


def measure(services: Pair, count: int, pause_s: float) -> dict[str, float]:
    """The figures while the trainer is busy."""
    services.labeler.start()
    services.trainer.start()
    wait_until(lambda: state_of(services.labeler)["scan"]["done"], "the end of indexing")
    with launch() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        open_page(page, services.labeler.url)
        label_by_key(page, FIRST, pause_s)
        wait_until(lambda: state_of(services.labeler)["metrics"], "the first model")
        overlays(page, 2, pause_s)
        page.evaluate(f"() => performance.clearMeasures('{ENTRY}')")
        before = state_of(services.labeler)["trainer"]
        seconds = overlays(page, count, pause_s)
        after = state_of(services.labeler)["trainer"]
    return {
        **percentiles(seconds),
        "images_read_meanwhile": after["embedded"] - before["embedded"],
        "models_fitted_meanwhile": after["model_version"] - before["model_version"],
    }


def main(argv: list[str] | None = None) -> int:
    """Make the images, measure, print."""
    parser = parser_for("benchmarks.overlay_latency", __doc__)
    parser.add_argument("--images", type=int, default=4_000, metavar="N", help="640 × 480 JPEG (default: %(default)s)")
    parser.add_argument("--maps", type=int, default=60, metavar="N", help="default: %(default)s")
    parser.add_argument("--pause", type=float, default=0.3, metavar="S", help="seconds between keys (default: 0.3)")
    given = parser.parse_args(argv)
    if find_browser() is None:
        print("overlay_latency: no Chromium or Chrome was found; install one, or name it in LABELSTREAM_BROWSER")
        return 1
    with tempfile.TemporaryDirectory(prefix="overlay-latency-") as folder:
        images = Path(folder, "images")
        write_photos(given.images, images, np.random.default_rng(given.seed), SIZE)
        settings = {"model.factory": FACTORY, "classes": CLASSES, "slow.enabled": False}
        with pair(images, Path(folder, "data"), settings, trainer_environ(1280, heavy=True)) as services:
            figures = measure(services, 10 if given.quick else given.maps, given.pause)
    print_table(
        [
            {
                "maps": figures["n"],
                "p50": milliseconds(figures["p50_s"]),
                "p95 (target 300 ms)": milliseconds(figures["p95_s"]),
                "images read, models fitted meanwhile": (
                    f"{figures['images_read_meanwhile']}, {figures['models_fitted_meanwhile']}"
                ),
            }
        ]
    )
    write_json(given.json, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
