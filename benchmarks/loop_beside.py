"""What open pages cost the loop: label → new queue served, with nothing, the dashboard or the map open, in turns.

Measured as in benchmarks.loop_latency, on a synthetic pool, with one page of a headless Chromium that goes from one
address to the next after every BLOCK batches. The first batch of a block begins when the page has drawn, each other one
when the trainer is idle, whatever the page does then; t-SNE is drawn anew behind the map as labels come in.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from playwright.sync_api import Page, expect

from benchmarks.annotator import Annotator
from benchmarks.browser import find_browser, launch
from benchmarks.loop_latency import Listener, measure, until_idle
from benchmarks.services import Pair, pair
from benchmarks.synthetic import FACTORY, draw_pool, trainer_environ, write_catalogue, write_embeddings
from benchmarks.table import milliseconds, parser_for, percentiles, print_table, write_json

DEADLINE_MS: Final = 120_000
BLOCK: Final = 10
BATCH: Final = 10
NOTHING: Final = "nothing"
DRAWN: Final = {
    NOTHING: ("", "html"),
    "dashboard": ("/dashboard", "#metric-plot canvas"),
    "map": ("/map", "#map[data-points]:not([data-points=''])"),
}
"""What is shown: its path, and what is there once it has been drawn."""


def show_page(page: Page, url: str, name: str) -> None:
    """Go there, and wait until it is drawn."""
    path, drawn = DRAWN[name]
    page.goto(url + path if path else "about:blank")
    expect(page.locator(drawn).first).to_be_visible(timeout=DEADLINE_MS)


def one_batch(annotator: Annotator, listener: Listener) -> float:
    """Seconds that a batch takes once the trainer is idle."""
    until_idle(annotator)
    return measure(annotator, listener, BATCH).served_s


def run(services: Pair, annotator: Annotator, initial: int, rounds: int) -> dict[str, list[float]]:
    """Seconds from acknowledged labels to the order that is based on them, by what is shown."""
    services.labeler.start()
    services.trainer.start()
    annotator.add_classes()
    until_idle(annotator)
    annotator.run(initial)
    until_idle(annotator)
    listener = Listener()
    listener.connect(services.labeler.url)
    served: dict[str, list[float]] = {name: [] for name in DRAWN}
    with launch() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.add_init_script(f"localStorage.setItem('labelstream.annotator', {json.dumps('benchmark')})")
        for cycle in range(rounds // BLOCK):
            first = cycle % len(DRAWN)  # each has its turn to be first: the more labels, the longer a batch takes
            for name in [*DRAWN][first:] + [*DRAWN][:first]:
                show_page(page, services.labeler.url, name)
                served[name] += [one_batch(annotator, listener) for _ in range(BLOCK)]
        listener.client.disconnect()
    return served


def figures_for(given: argparse.Namespace) -> dict[str, Any]:
    """Make the pool, start the services on it, measure."""
    rng = np.random.default_rng(given.seed)
    with tempfile.TemporaryDirectory(prefix="loop-beside-") as folder:
        images, data = Path(folder, "images"), Path(folder, "data")
        pool = draw_pool(given.pool, given.classes, rng)
        write_catalogue(pool, images, data)
        write_embeddings(pool, given.dim, data, rng, False)
        settings = {"model.factory": FACTORY, "stream.batch_size": BATCH, "stream.wait_for_full_batch": True}
        with pair(images, data, settings, trainer_environ(given.dim, False)) as services:
            annotator = Annotator(services.labeler.url, pool.truth(), random.Random(given.seed))
            served = run(services, annotator, given.initial, given.rounds)
    shown = {name: percentiles(seconds) for name, seconds in served.items()}
    return {"shown": shown, **{key: getattr(given, key) for key in ("pool", "classes", "dim", "initial", "seed")}}


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = parser_for("benchmarks.loop_beside", __doc__)
    parser.add_argument("--pool", type=int, default=10_000, metavar="N", help="images (default: %(default)s)")
    parser.add_argument("--classes", type=int, default=10, metavar="N", help="default: %(default)s")
    parser.add_argument("--dim", type=int, default=1280, metavar="N", help="length of an embedding (default: 1280)")
    parser.add_argument("--initial", type=int, default=200, metavar="N", help="labels before (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=30, metavar="N", help="batches each (default: 30, quick: 10)")
    given = parser.parse_args(argv)
    if find_browser() is None:
        print("loop_beside: no Chromium or Chrome was found; install one, or name it in LABELSTREAM_BROWSER")
        return 1
    if given.quick:
        given.rounds = 10
    figures = figures_for(given)
    print_table(
        [
            {"pool": f"{given.pool:,} × {given.dim:,}", "shown": name, "batches": found["n"],
             "p50": milliseconds(found["p50_s"]), "p95": milliseconds(found["p95_s"])}
            for name, found in figures["shown"].items()
        ]
    )  # fmt: skip
    write_json(given.json, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
