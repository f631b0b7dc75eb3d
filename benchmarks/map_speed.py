"""Seconds until the map is on the screen, and frames per second while it moves.

A real headless Chromium without a GPU at the real services; the pool is synthetic, its embeddings lie in the trainer's
array. "first": the trainer has just been started and has never drawn a map; "again": the page is opened anew. Frames
are counted by requestAnimationFrame while the map is moved in each of them. What it costs the loop is measured by
benchmarks.loop_beside.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
from playwright.sync_api import Browser, Page, expect

from benchmarks.annotator import Annotator
from benchmarks.browser import find_browser, launch
from benchmarks.loop_latency import until_idle
from benchmarks.services import Pair, pair
from benchmarks.synthetic import FACTORY, draw_pool, trainer_environ, write_catalogue, write_embeddings
from benchmarks.table import milliseconds, parser_for, percentiles, print_table, write_json

DEADLINE_MS: Final = 120_000
FRAMES: Final = 150
VIEW: Final = (
    "() => performance.getEntriesByName('labelstream:map-first-view').map((entry) => entry.duration / 1000)[0]"
)
MOVES: Final = {
    "drag": "(c, i) => c.dispatchEvent(new KeyboardEvent('keydown', {key: i % 60 < 30 ? 'ArrowLeft' : 'ArrowRight', "
    "bubbles: true}))",
    "zoom": "(c, i) => c.dispatchEvent(new WheelEvent('wheel', {deltaY: i % 80 < 40 ? -40 : 40, clientX: 500, "
    "clientY: 400, bubbles: true, cancelable: true}))",
}
RECORD: Final = """async ([frames, move]) => {
  const canvas = document.getElementById("map");
  const act = eval(move);
  const seconds = [];
  let last = performance.now();
  for (let i = 0; i < frames; i += 1) {
    act(canvas, i);
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const now = performance.now();
    seconds.push((now - last) / 1000);
    last = now;
  }
  return seconds;
}"""


def open_map(browser: Browser, url: str) -> Page:
    """A new page at the map, with its points on the screen."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.add_init_script(f"localStorage.setItem('labelstream.annotator', {json.dumps('benchmark')})")
    page.goto(f"{url}/map")
    expect(page.locator("#map[data-points]:not([data-points=''])")).to_be_visible(timeout=DEADLINE_MS)
    page.wait_for_timeout(300)
    return page


def openings(
    services: Pair, browser: Browser, annotator: Annotator, restarts: int, again: int
) -> dict[str, list[float]]:
    """Seconds from opening the page to the first points, right after a start of the trainer, and later."""
    found: dict[str, list[float]] = {"first": [], "again": []}
    for _ in range(restarts):
        services.trainer.stop()
        services.trainer.start()
        services.labeler.stop()
        shutil.rmtree(services.data / "maps", ignore_errors=True)
        shutil.rmtree(services.data / "projections", ignore_errors=True)
        services.labeler.start()
        until_idle(annotator)
        page = open_map(browser, services.labeler.url)
        found["first"].append(page.evaluate(VIEW))
        page.context.close()
    for _ in range(again):
        page = open_map(browser, services.labeler.url)
        found["again"].append(page.evaluate(VIEW))
        page.context.close()
    return found


def frames(page: Page) -> dict[str, list[float]]:
    """Seconds per frame by movement."""
    page.locator("#map").focus()
    return {name: page.evaluate(RECORD, [FRAMES, move])[5:] for name, move in MOVES.items()}


def run(services: Pair, annotator: Annotator, given: argparse.Namespace) -> dict[str, Any]:
    """Everything, on a pool that has been written."""
    services.labeler.start()
    services.trainer.start()
    annotator.add_classes()
    until_idle(annotator)
    annotator.run(given.initial)
    until_idle(annotator)
    with launch() as browser:
        seconds = openings(services, browser, annotator, given.restarts, given.again)
        page = open_map(browser, services.labeler.url)
        moved = frames(page)
        note = page.locator("#layout-note").text_content()
    return {
        "openings": seconds,
        "frames": {name: percentiles(found) for name, found in moved.items()},
        "tsne": note,
        "pool": given.pool,
        "dim": given.dim,
    }


def show(figures: dict[str, Any]) -> None:
    """Print the figures as tables."""
    size = f"{figures['pool']:,} × {figures['dim']:,}"
    print_table(
        [
            {"opening of the map": name, "pool": size, "n": len(found), "median": milliseconds(median(found)),
             "slowest": milliseconds(max(found))}
            for name, found in figures["openings"].items()
        ]
    )  # fmt: skip
    print_table(
        [
            {"movement": name, "frames": found["n"], "p50": milliseconds(found["p50_s"]),
             "p95": milliseconds(found["p95_s"]), "frames/s at p95": f"{1 / found['p95_s']:.0f}"}
            for name, found in figures["frames"].items()
        ]
    )  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = parser_for("benchmarks.map_speed", __doc__)
    parser.add_argument("--pool", type=int, default=100_000, metavar="N", help="images (default: %(default)s)")
    parser.add_argument("--classes", type=int, default=10, metavar="N", help="default: %(default)s")
    parser.add_argument("--dim", type=int, default=1280, metavar="N", help="length of an embedding (default: 1280)")
    parser.add_argument("--initial", type=int, default=100, metavar="N", help="labels before (default: %(default)s)")
    parser.add_argument("--restarts", type=int, default=3, metavar="N", help="of the services (default: %(default)s)")
    parser.add_argument("--again", type=int, default=5, metavar="N", help="further openings (default: %(default)s)")
    given = parser.parse_args(argv)
    if find_browser() is None:
        print("map_speed: no Chromium or Chrome was found; install one, or name it in LABELSTREAM_BROWSER")
        return 1
    if given.quick:
        given.pool, given.restarts, given.again = min(given.pool, 10_000), 1, 2
    rng = np.random.default_rng(given.seed)
    with tempfile.TemporaryDirectory(prefix="map-speed-") as folder:
        images, data = Path(folder, "images"), Path(folder, "data")
        pool = draw_pool(given.pool, given.classes, rng)
        write_catalogue(pool, images, data)
        write_embeddings(pool, given.dim, data, rng, False)
        settings = {"model.factory": FACTORY}
        with pair(images, data, settings, trainer_environ(given.dim, False)) as services:
            annotator = Annotator(services.labeler.url, pool.truth(), random.Random(given.seed))
            figures = run(services, annotator, given)
    show(figures)
    write_json(given.json, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
