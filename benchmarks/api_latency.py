"""How long the labeler takes to hand out images and to keep a label, by the number of images; and its memory.

One annotator, over HTTP, on the real labeler; each figure is a whole round trip as a client sees it, the commit to disk
included. `GET /healthz` in the same way says how much of that is the transport alone.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import requests

from benchmarks.annotator import Annotator
from benchmarks.services import pair, wait_until
from benchmarks.synthetic import draw_pool, write_catalogue
from benchmarks.table import milliseconds, parser_for, percentiles, print_table, write_json

CLASSES = 10
HELD = 3
INDEXING_S = 600.0


def seconds_of(action: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def measure(count: int, labels: int, seed: int, keep: Path | None) -> dict[str, Any]:
    """The figures at `count` images, over `labels` labels. keep: where catalogues stay for another run."""
    with contextlib.ExitStack() as stack:
        if keep is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="api-latency-")))
        else:
            folder = keep / str(count)
        return measure_in(folder, count, labels, seed)


def measure_in(folder: Path, count: int, labels: int, seed: int) -> dict[str, Any]:
    """The figures for the catalogue in `folder`, which is made if it is not there."""
    images, data = folder / "images", folder / "data"
    pool = draw_pool(count, CLASSES, np.random.default_rng(seed))
    if not (data / "labelstream.db").exists():
        write_catalogue(pool, images, data)
    with pair(images, data) as services:
        start_s = seconds_of(services.labeler.start)
        annotator = Annotator(services.labeler.url, pool.truth(), random.Random(seed))
        annotator.add_classes()
        wait_until(lambda: annotator.state()["scan"]["done"], "the end of indexing", INDEXING_S)
        if (known := annotator.state()["counts"]["images"]) != count:
            raise RuntimeError(f"the labeler knows {known} images; expected {count}")
        lease, post, health = measure_calls(annotator, labels)
        now, peak = services.labeler.memory_mb()
    return {
        "images": count,
        "lease": percentiles(lease),
        "annotation": percentiles(post),
        "healthz": percentiles(health),
        "start_s": start_s,
        "memory_mb": now,
        "peak_memory_mb": peak,
    }


def measure_calls(annotator: Annotator, labels: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds of each lease, annotation and health check."""
    lease, post, health = [], [], []
    for _ in range(labels):
        task = annotator.lease(HELD)[0]
        post.append(seconds_of(lambda task=task: annotator.answer(task)))  # type: ignore[misc]
        lease.append(seconds_of(lambda: annotator.lease(HELD)))
        health.append(seconds_of(lambda: requests.get(f"{annotator.url}/healthz", timeout=30)))
    return lease, post, health


def show(all_figures: list[dict[str, Any]]) -> None:
    """Print a row per size, and the ratio of the largest to the smallest."""
    print_table(
        [
            {
                "images": f"{f['images']:,}",
                "leases p50 / p95": f"{milliseconds(f['lease']['p50_s'])} / {milliseconds(f['lease']['p95_s'])}",
                "annotations p50 / p95": (
                    f"{milliseconds(f['annotation']['p50_s'])} / {milliseconds(f['annotation']['p95_s'])}"
                ),
                "healthz p50": milliseconds(f["healthz"]["p50_s"]),
                "start": f"{f['start_s']:.1f} s",
                "memory now / peak": f"{f['memory_mb']:.0f} / {f['peak_memory_mb']:.0f} MB",
            }
            for f in all_figures
        ]
    )
    for call in ("lease", "annotation"):
        ratios = [all_figures[-1][call][p] / all_figures[0][call][p] for p in ("p50_s", "p95_s")]
        print(f"{call}: largest to smallest pool {ratios[0]:.2f}× at the median, {ratios[1]:.2f}× at p95")


def main(argv: list[str] | None = None) -> int:
    """Measure at each size, print."""
    parser = parser_for("benchmarks.api_latency", __doc__)
    parser.add_argument("--images", type=_sizes, default=[1_000, 100_000], metavar="N,N", help="default: 1000,100000")
    parser.add_argument("--labels", type=int, default=500, metavar="N", help="labels at each size (default: 500)")
    kept = "keep the catalogues there, and use those that are; a million images take minutes to make"
    parser.add_argument("--keep", type=Path, metavar="DIR", help=kept)
    given = parser.parse_args(argv)
    all_figures = [
        measure(count, 150 if given.quick else given.labels, given.seed, given.keep) for count in given.images
    ]
    show(all_figures)
    write_json(given.json, all_figures)
    return 0


def _sizes(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers such as 1000,100000") from error


if __name__ == "__main__":
    sys.exit(main())
