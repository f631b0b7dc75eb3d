"""Seconds of processor time and memory of one query by each strategy, ours and theirs, from pools of several sizes.

Each in a process of its own, on one thread, with a limit on time and one on memory; what breaks a limit is said.
Processor time hardly depends on what else the machine does. The pool is synthetic (benchmarks.query_cost), with 100
labels of 10 classes. Ours read it from the array on disk, as in the trainer; theirs get it as one float32 array in
memory, in the form the library wants, which is not counted. A small query before the one measured takes care of what is
imported late.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.memory import peak
from benchmarks.peers.asking import whole
from benchmarks.peers.table import PEERS, find, preparer_of
from benchmarks.query_cost import Task, open_query, write_pool
from benchmarks.table import print_table, write_json
from trainer.strategies import STRATEGIES, Query, select

POOLS: Final = "2000,10000,100000"
WARM_POOL: Final = 400
WARM_COUNT: Final = 5
GB: Final = 1_000_000_000
STARTING_S: Final = 600.0
CROWDED: Final = 30  # times as long as its processor time a query may take
VERSIONS: Final = ("numpy", "scikit-learn", "torch", "scikit-activeml", "baal", "small-text", "modAL-python")


@dataclass(frozen=True, slots=True)
class Limits:
    """For one query: seconds of processor time, and GB of memory that the process may have altogether."""

    seconds: int
    gb: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What a query took; where it did not end, neither figure but the reason."""

    strategy: str
    pool: int
    seconds: float | None = None
    mb: float | None = None
    reason: str = ""


def measure(task: Task, limits: Limits) -> Cost:
    """Run one query in a process of its own."""
    receive, send = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_work, args=(task, limits, send), daemon=True)
    process.start()
    send.close()
    try:
        found: Cost = (
            receive.recv() if receive.poll(STARTING_S + CROWDED * limits.seconds) else Cost(task.strategy, task.pool)
        )
    except EOFError:
        process.join()
        late = process.exitcode == -signal.SIGPROF
        reason = f"not in {limits.seconds} s" if late else f"ended with code {process.exitcode}"
        found = Cost(task.strategy, task.pool, reason=reason)
    process.kill()
    process.join()
    return found


def _work(task: Task, limits: Limits, send: Connection) -> None:
    torch.set_num_threads(1)
    threadpool_limits(1)
    most = int(limits.gb * GB)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    try:
        send.send(_measured(task, limits))
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and "alloc" not in str(error):
            raise
        send.send(Cost(task.strategy, task.pool, reason=f"more than {limits.gb:g} GB"))


def _measured(task: Task, limits: Limits) -> Cost:
    query, _ = open_query(task)
    if task.strategy in PEERS:
        query = replace(query, embeddings=whole(query.embeddings), labelled=whole(query.labelled))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # ends the process even within a library's C code
    signal.setitimer(signal.ITIMER_PROF, limits.seconds)
    _asker(task.strategy, _small(query))()
    signal.setitimer(signal.ITIMER_PROF, 0)
    ask = _asker(task.strategy, query)
    signal.setitimer(signal.ITIMER_PROF, limits.seconds)
    with peak() as memory:
        start = time.process_time()
        ask()
        seconds = time.process_time() - start
    signal.setitimer(signal.ITIMER_PROF, 0)
    return Cost(task.strategy, task.pool, seconds, memory.added_mb)


def _small(query: Query) -> Query:
    first = query.embeddings[np.arange(min(WARM_POOL, len(query)))]
    return replace(query, embeddings=first, probs=query.probs[: len(first)], count=WARM_COUNT)


def _asker(name: str, query: Query) -> Callable[[], object]:
    if name in PEERS:
        return preparer_of(name)(query)
    strategy = find(name)
    return lambda: select(strategy, query)


def rows(costs: Sequence[Cost], pools: Sequence[int]) -> list[dict[str, str]]:
    """A line per strategy: seconds / MB for each pool."""
    found = {(cost.strategy, cost.pool): cost for cost in costs}
    return [
        {"strategy": name, **{f"{pool:,}": shown(found.get((name, pool))) for pool in pools}}
        for name in dict.fromkeys(cost.strategy for cost in costs)
    ]


def shown(cost: Cost | None) -> str:
    """Seconds and MB, or why there are none."""
    if cost is None:
        return "not tried"
    if cost.seconds is None or cost.mb is None:
        return cost.reason or "failed"
    return f"{cost.seconds:.2f} s, {cost.mb:,.0f} MB"


def measure_all(names: Sequence[str], pools: Sequence[int], given: argparse.Namespace) -> list[Cost]:
    """Every strategy on every pool, smallest first; one that broke a limit is not tried on a larger pool."""
    costs: list[Cost] = []
    for size in sorted(pools):
        with tempfile.TemporaryDirectory() as folder:
            write_pool(Path(folder), size, given.dim, given.seed)
            broken = {cost.strategy for cost in costs if cost.seconds is None}
            for name in names:
                if name in broken:
                    continue
                task = Task(name, size, Path(folder), given.dim, given.count, 1, given.limit_s, given.seed)
                costs.append(measure(task, Limits(given.limit_s, given.limit_gb)))
                print(f"{name} from {size:,}: {shown(costs[-1])}", file=sys.stderr)
    return costs


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers.cost",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--strategies", default=",".join([*STRATEGIES, *PEERS]), help="(default: all)")
    parser.add_argument("--pools", default=POOLS, help="images (default: %(default)s)")
    parser.add_argument("--dim", type=int, default=1280, help="values per image (default: %(default)s)")
    parser.add_argument("--count", type=int, default=50, help="images asked at once (default: %(default)s)")
    parser.add_argument("--limit-s", type=int, default=120, help="most seconds per query (default: %(default)s)")
    parser.add_argument("--limit-gb", type=float, default=12, help="most memory of a process (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="F", help="write the figures to this file")
    given = parser.parse_args(argv)
    pools = [int(size) for size in given.pools.split(",")]
    costs = measure_all(given.strategies.split(","), pools, given)
    print_table(rows(costs, pools))
    settings: dict[str, object] = {n: getattr(given, n) for n in ("dim", "count", "limit_s", "limit_gb", "seed")}
    settings |= {"pools": pools, "versions": {name: version(name) for name in VERSIONS}}
    write_json(given.json, {"settings": settings, "costs": [asdict(cost) for cost in costs]})


if __name__ == "__main__":
    main()
