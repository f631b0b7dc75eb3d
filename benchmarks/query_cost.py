"""Seconds and peak memory of one query by each strategy, from pools of several sizes, each in a process of its own."""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.memory import peak
from benchmarks.replay import GivenSpace
from benchmarks.table import parser_for, print_table, write_json
from shared.config import Config
from trainer.learner import Model
from trainer.models.space import SpaceInfo
from trainer.pool import Located, Snapshot
from trainer.ranking import SCORED, query_of
from trainer.strategies import STRATEGIES, Query, find_strategy, select
from trainer.vectors import VectorFile

CLASSES: Final = 10
LABELS: Final = 100
LATENT: Final = 64  # values that an image's features depend on
SPREAD: Final = 1.0  # of an image around the mean of its class, in units of the spread of these means
CHUNK: Final = 20_000
CLASS_FILE: Final = "classes.npy"
POOLS: Final = (2_000, 10_000, 100_000)
LARGE: Final = 1_000_000
STARTING_S: Final = 300.0  # for a process to import torch, open the pool and score it

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Target:
    """The most that a query may take; None where nothing is asked."""

    seconds: float | None = None
    mb: float | None = None

    def judge(self, cost: Cost) -> str:
        """`met`, `missed`, or `-` where there is no target."""
        if self.seconds is None:
            return "-"
        if cost.seconds is None or cost.mb is None:
            return "missed"
        met = cost.seconds <= self.seconds and (self.mb is None or cost.mb <= self.mb)
        return "met" if met else "missed"


UHERDING: Final = {100_000: Target(0.5, 1_500), 1_000_000: Target(2.0)}
OTHERS: Final = {100_000: Target(10.0)}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one query took: median seconds, those of all processors, and the most memory the first added.

    cpu_s: hardly grows where other programs run; with several threads it is above `seconds` where none do. All None
    where no query ended in time. score_s: the time to score the pool, which comes before every query and is no part of
    `seconds`; of more than SCORED images a random part is scored, as in the trainer.
    """

    score_s: float | None
    seconds: float | None
    cpu_s: float | None
    mb: float | None
    repeats: int


@dataclass(frozen=True, slots=True)
class Task:
    """One strategy on one pool. limit_s: for each query."""

    strategy: str
    pool: int
    folder: Path
    dim: int
    count: int
    repeats: int
    limit_s: float
    seed: int


def write_pool(folder: Path, count: int, dim: int, seed: int) -> Integers:
    """Synthetic embeddings of `count` images where the trainer would keep them. Returns their classes, (count,).

    Features are max(0, z W), z Gaussian around the mean of its class: like those of a network they are not negative,
    have positive cosines and lie near a surface of few dimensions.
    """
    generator = torch.Generator().manual_seed(seed)
    means = torch.randn(CLASSES, LATENT, generator=generator)
    mixing = torch.randn(LATENT, dim, generator=generator)
    vectors = VectorFile(folder, dim)
    classes = torch.randint(CLASSES, (count,), generator=generator)
    for start in range(0, count, CHUNK):
        part = classes[start : start + CHUNK]
        latent = means[part] + SPREAD * torch.randn(len(part), LATENT, generator=generator)
        features = torch.nn.functional.normalize(torch.relu(latent @ mixing))
        vectors.append([i.to_bytes(16, "big") for i in range(start, start + len(part))], features.numpy())
    found: Integers = classes.numpy()
    np.save(folder / CLASS_FILE, found)
    return found


def open_query(task: Task) -> tuple[Query, float]:
    """The query as the trainer would make it after LABELS labels, and the seconds that scoring the pool took."""
    vectors = VectorFile(task.folder, task.dim)
    classes: Integers = np.load(task.folder / CLASS_FILE)
    rng = np.random.default_rng(task.seed)
    labelled = np.zeros(len(vectors), bool)
    labelled[rng.permutation(len(vectors))[:LABELS]] = True
    numbers = np.arange(len(vectors))
    pool = Located(vectors, numbers, numbers)
    train = pool.part(labelled)
    labels = {int(number): int(classes[number]) for number in train.numbers}
    config = Config()
    model = Model().fitted(train, labels, config.train)
    start = time.perf_counter()
    askable = pool.part(~labelled).thinned(SCORED, rng)
    space = GivenSpace(SpaceInfo(kind="given", name="given", weights="", image_size=0, dim=task.dim))
    snapshot = Snapshot(space, vectors, askable, train, test=pool.part(numbers < 0))
    query = query_of(snapshot, model, labels, config.strategy, rng)
    return replace(query, count=task.count, c=config.train.C), time.perf_counter() - start


def measure_in_process(task: Task, send: Connection) -> None:
    """Send how long scoring took, then seconds, seconds of processors and MB of each query."""
    query, scoring = open_query(task)
    send.send(scoring)
    strategy = find_strategy(task.strategy)
    for _ in range(task.repeats):
        with peak() as memory:
            start, cpu_start = time.perf_counter(), time.process_time()
            select(strategy, query)
            seconds, cpu = time.perf_counter() - start, time.process_time() - cpu_start
        send.send((seconds, cpu, memory.added_mb))


def measure(task: Task) -> Cost:
    """Run the task in a process of its own, so that the most memory in use is its own."""
    receive, send = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=measure_in_process, args=(task, send), daemon=True)
    process.start()
    send.close()
    scored = list(_received(receive, 1, STARTING_S))
    queries = list(_received(receive, task.repeats, task.limit_s)) if scored else []
    process.kill()
    process.join()
    if not queries:
        return Cost(scored[0] if scored else None, None, None, None, 0)
    seconds, cpu, mb = zip(*queries, strict=True)
    return Cost(scored[0], median(seconds), median(cpu), mb[0], len(queries))


def _received(receive: Connection, count: int, limit_s: float) -> Iterator[Any]:
    """At most `count` messages, until one is late or the process has ended."""
    for _ in range(count):
        try:
            if not receive.poll(limit_s):
                return
            yield receive.recv()
        except EOFError:
            return


def row(task: Task, cost: Cost) -> dict[str, object]:
    """A line of the table."""
    targets = UHERDING if task.strategy == "uherding" else OTHERS
    if cost.seconds is None:
        took = "failed" if cost.score_s is None else f"not in {task.limit_s:.0f} s"
    else:
        took = f"{cost.seconds:.3f}"
    return {
        "strategy": task.strategy,
        "pool": f"{task.pool:,}",
        "score s": "-" if cost.score_s is None else f"{cost.score_s:.3f}",
        "query s": took,
        "processor s": "-" if cost.cpu_s is None else f"{cost.cpu_s:.3f}",
        "added MB": "-" if cost.mb is None else f"{cost.mb:.0f}",
        "target": targets.get(task.pool, Target()).judge(cost),
    }


def main() -> None:
    """Measure and print."""
    options = _options()
    rows, figures = [], []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for pool in options.pools:
            where = Path(folder, f"{pool}")
            write_pool(where, pool, options.dim, options.seed)
            for name in options.strategies:
                task = Task(
                    name, pool, where, options.dim, options.count, options.repeats, options.limit_s, options.seed
                )
                cost = measure(task)
                rows.append(row(task, cost))
                figures.append({"strategy": name, "pool": pool, **asdict(cost), "target": rows[-1]["target"]})
                print(", ".join(f"{key} {value}" for key, value in rows[-1].items()), file=sys.stderr)
            shutil.rmtree(where)
    print_table(rows)
    settings = {"count": options.count, "dim": options.dim, "classes": CLASSES, "labels": LABELS, "scored": SCORED}
    write_json(options.json, {"settings": settings, "queries": figures})


def _options() -> argparse.Namespace:
    parser = parser_for("benchmarks.query_cost", __doc__)
    parser.add_argument("--strategies", type=_names, default=list(STRATEGIES), help="of the table, or dotted names")
    parser.add_argument("--pools", type=_sizes, default=list(POOLS), help="images (default: 2000,10000,100000)")
    parser.add_argument("--large", action="store_true", help=f"a pool of {LARGE:,} as well; takes 3 GB of disk")
    parser.add_argument("--count", type=int, default=200, help="images asked at once (default: %(default)s)")
    parser.add_argument("--dim", type=int, default=1280, help="values per image (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="queries; the median counts (default: %(default)s)")
    parser.add_argument("--limit-s", type=float, default=60.0, help="most seconds per query (default: %(default)s)")
    parser.add_argument("--folder", type=Path, help="where the pools are put for a while (default: the system's)")
    options = parser.parse_args()
    if options.quick:
        options.pools, options.repeats = [2_000], 1
    if options.large:
        options.pools.append(LARGE)
    return options


def _names(text: str) -> list[str]:
    return text.split(",")


def _sizes(text: str) -> list[int]:
    return [int(size.replace("_", "")) for size in text.split(",")]


if __name__ == "__main__":
    main()
