"""Time from an acknowledged batch of labels to the re-ranked queue being served, through both real processes.

A batch of labels is posted; the clock starts when the last one has been acknowledged (201) and stops when the answer
to a lease request is based on it. The request is made when the Socket.IO event `queue` says that the order is there,
as the page does. The trainer is idle before each batch. The pool is synthetic; its embeddings lie in the trainer's
array, so that what is measured is link, fit, scoring, selection, merge and hand-out.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import socketio

from benchmarks.annotator import Annotator
from benchmarks.services import Pair, pair, wait_until
from benchmarks.synthetic import FACTORY, draw_pool, trainer_environ, write_catalogue, write_embeddings, write_pool
from benchmarks.table import milliseconds, parser_for, percentiles, print_table, write_json
from shared.config import Strategy
from shared.events import BROWSER_NAMESPACE, QUEUE

DEADLINE_S = 300.0
WARM_UP = 3
ENDLESS = {"slow.enabled": True, "slow.steps": 10_000_000}  # one round of the slow loop that outlasts the measurement


@dataclass(slots=True)
class Listener:
    """Hears, as a page does, on which row of the log the newest queue is based."""

    client: socketio.Client = field(default_factory=socketio.Client)
    _based_on: int = 0
    _news: threading.Condition = field(default_factory=threading.Condition)

    def connect(self, url: str) -> None:
        """Listen to the labeler at `url`."""
        self.client.on(QUEUE, self._hear, namespace=BROWSER_NAMESPACE)
        self.client.connect(url, namespaces=[BROWSER_NAMESPACE], transports=["websocket"])

    def wait_for(self, seq: int) -> None:
        """Return when a queue that is based on row `seq` has been announced. Raises TimeoutError."""
        with self._news:
            if not self._news.wait_for(lambda: self._based_on >= seq, DEADLINE_S):
                raise TimeoutError(f"no queue based on row {seq} within {DEADLINE_S:g} s, only on {self._based_on}")

    def _hear(self, queue: dict[str, Any]) -> None:
        with self._news:
            self._based_on = max(self._based_on, queue["based_on_seq"])
            self._news.notify_all()


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds from the last acknowledgement to the announced order, and to the lease that is based on it."""

    announced_s: float
    served_s: float


def measure(annotator: Annotator, listener: Listener, batch: int) -> Round:
    """Label one batch and wait for the queue that is based on it."""
    tasks = annotator.lease(batch)
    for task in tasks:
        seq = annotator.answer(task)
    acknowledged = time.perf_counter()
    listener.wait_for(seq)
    announced = time.perf_counter()
    while annotator.lease_answer()["queue"]["based_on_seq"] < seq:
        time.sleep(0.001)
    return Round(announced - acknowledged, time.perf_counter() - acknowledged)


def until_idle(annotator: Annotator) -> None:
    """Wait until the trainer has applied everything and has nothing to do."""

    def is_idle() -> bool:
        trainer = annotator.state()["trainer"]
        return trainer["connected"] and not trainer["pending"] and trainer["state"] == "waiting"

    wait_until(is_idle, "an idle trainer", DEADLINE_S)


def until_slow_loop_trains(annotator: Annotator) -> None:
    """Wait until the process of the slow loop has read its images and begun."""

    def trains() -> bool:
        rounds = annotator.state()["slow"]
        return any(row["state"] == "training" and row["sentence"].startswith("training") for row in rounds)

    wait_until(trains, "the slow loop", DEADLINE_S)


def run(services: Pair, annotator: Annotator, initial: int, rounds: int, batch: int, busy: bool) -> list[Round]:
    """Start both services, give the initial labels, warm up, measure."""
    services.labeler.start()
    services.trainer.start()
    listener = Listener()
    listener.connect(services.labeler.url)
    try:
        annotator.add_classes()
        until_idle(annotator)
        annotator.run(initial)
        if busy:
            until_slow_loop_trains(annotator)
        measured = []
        for _ in range(WARM_UP + rounds):
            until_idle(annotator)
            measured.append(measure(annotator, listener, batch))
        return measured[WARM_UP:]
    finally:
        listener.client.disconnect()


def figures_for(given: argparse.Namespace) -> dict[str, Any]:
    """Make the pool, start the services on it, measure."""
    rng = np.random.default_rng(given.seed)
    settings = {
        "model.factory": FACTORY,
        "strategy.name": given.strategy,
        "stream.batch_size": given.batch,
        "stream.wait_for_full_batch": True,
        **(ENDLESS if given.busy else {}),
    }
    with tempfile.TemporaryDirectory(prefix="loop-latency-") as folder:
        images, data = Path(folder, "images"), Path(folder, "data")
        pool = draw_pool(given.pool, given.classes, rng)
        if given.busy:
            pool = write_pool(pool, images, rng)
        write_catalogue(pool, images, data)
        write_embeddings(pool, given.dim, data, rng, given.busy)
        with pair(images, data, settings, trainer_environ(given.dim, given.busy)) as services:
            annotator = Annotator(services.labeler.url, pool.truth(), random.Random(given.seed))
            measured = run(services, annotator, given.initial, given.rounds, given.batch, given.busy)
            return {
                **percentiles([r.served_s for r in measured]),
                "max_s": max(r.served_s for r in measured),
                "announced_p95_s": percentiles([r.announced_s for r in measured])["p95_s"],
                **{key: getattr(given, key) for key in ("pool", "classes", "dim", "batch", "strategy", "busy", "seed")},
                "labels": [given.initial, annotator.summary.labels],
                "labeler_peak_mb": services.labeler.memory_mb()[1],
                "trainer_peak_mb": services.trainer.memory_mb()[1],
            }


def show(figures: dict[str, Any]) -> None:
    """Print the figures as a table."""
    first, last = figures["labels"]
    row = {
        "pool": f"{figures['pool']:,} × {figures['dim']:,}",
        "classes": figures["classes"],
        "batches": figures["n"],
        "labels": f"{first}–{last}",
        "p50": milliseconds(figures["p50_s"]),
        "p95": milliseconds(figures["p95_s"]),
        "max": milliseconds(figures["max_s"]),
        "peak MB labeler / trainer": f"{figures['labeler_peak_mb']:.0f} / {figures['trainer_peak_mb']:.0f}",
    }
    if figures["busy"]:
        row["meanwhile"] = "MobileNetV2 is fine-tuned"
    print_table([row])


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = parser_for("benchmarks.loop_latency", __doc__)
    parser.add_argument("--pool", type=int, default=10_000, metavar="N", help="images (default: %(default)s)")
    parser.add_argument("--classes", type=int, default=10, metavar="N", help="default: %(default)s")
    parser.add_argument("--dim", type=int, default=1280, metavar="N", help="length of an embedding (default: 1280)")
    parser.add_argument("--batch", type=int, default=10, metavar="N", help="labels per batch (default: %(default)s)")
    parser.add_argument("--initial", type=int, default=200, metavar="N", help="labels before (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=40, metavar="N", help="batches (default: %(default)s, quick: 10)")
    parser.add_argument("--strategy", default=Strategy().name, help="strategy.name (default: %(default)s)")
    busy = "while the slow loop fine-tunes a MobileNetV2 on images of 224 px"
    parser.add_argument("--busy", action="store_true", help=busy)
    given = parser.parse_args(argv)
    if given.quick:
        given.rounds = 10
    figures = figures_for(given)
    show(figures)
    write_json(given.json, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
