"""Replays known labels through the trainer's own pool, learner and strategies: a learning curve per strategy and seed.

Protocol "changing pools": each seed draws its own pool of training images, the same for every strategy, and the test
part is fixed. On one fixed pool a deterministic strategy would be measured once, however many seeds there are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import accumulate
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from threadpoolctl import threadpool_limits

from benchmarks.labelled_set import LabelledSet
from benchmarks.memory import peak
from shared.config import Strategy as StrategyConfig
from shared.config import Train
from trainer.labeler_http import PoolRow
from trainer.learner import Model
from trainer.models.space import Floats, Pixels, SpaceInfo
from trainer.pool import Pool, Snapshot
from trainer.ranking import query_of
from trainer.strategies import Strategy, explore, select
from trainer.vectors import VectorFile

Integers = npt.NDArray[np.int64]
Finder = Callable[[str], Strategy]

HASH_BYTES: Final = 16
THEN: Final = ">"


@dataclass(frozen=True, slots=True)
class Protocol:
    """How labels are asked for.

    initial: size of the first batch, chosen with no labels at all. step: size of every other. budget: labels at the
    end. pool: training images that each seed draws; None takes all. explore: share of random images in the order.
    """

    initial: int
    step: int
    budget: int
    pool: int | None = None
    explore: float = 0.0
    train: Train = field(default_factory=Train)
    strategy: StrategyConfig = field(default_factory=StrategyConfig)

    def batches(self, available: int) -> list[int]:
        """Sizes of the batches, up to the budget or to all that is available; the last may be smaller."""
        end = min(self.budget, available)
        ends = [*range(min(self.initial, end), end, self.step), end]
        return [b - a for a, b in zip([0, *ends], ends, strict=False)]


@dataclass(frozen=True, slots=True)
class Run:
    """One strategy on one seed's pool, a value per batch.

    labels: so far. accuracy: on the test part, after the batch. seconds, mb: that the query took and added; scoring the
    pool, fitting the head and its temperature are the same for all strategies and not counted.
    """

    labels: list[int]
    accuracy: list[float]
    seconds: list[float]
    mb: list[float]


@dataclass(frozen=True, slots=True)
class GivenSpace:
    """Stands for the network that made the embeddings; they are all there, so it is never asked."""

    info: SpaceInfo

    @property
    def id(self) -> str:
        """As for any space."""
        return self.info.name

    def embed(self, images: Pixels) -> Floats:
        """Never called."""
        raise LookupError("these embeddings were given; there is no network to make others")

    def state(self) -> dict[str, torch.Tensor]:
        """No weights."""
        return {}


def drawn(source: LabelledSet, size: int | None, seed: int) -> LabelledSet:
    """The seed's pool, `size` training images in random order, followed by the test part."""
    train = np.random.default_rng(seed).permutation(np.flatnonzero(~source.test))[:size]
    members = np.concatenate([train, np.flatnonzero(source.test)])
    paths = tuple(source.paths[member] for member in members) if source.paths else ()
    return replace(source, x=source.x[members], y=source.y[members], test=source.test[members], paths=paths)


class SeedPool:
    """One seed's pool and the test part, as the trainer holds them. folder: for the embeddings."""

    def __init__(self, source: LabelledSet, folder: Path) -> None:
        """source: as `drawn` returns it."""
        self.tests = np.flatnonzero(source.test).tolist()
        self.drawn = int((~source.test).sum())
        self.labels: Mapping[int, int] = dict(enumerate(source.y.tolist()))
        self._pool = Pool()
        dim = source.x.shape[1]
        vectors = VectorFile(folder, dim)
        hashes = [number.to_bytes(HASH_BYTES, "big") for number in range(len(source.y))]
        vectors.append(hashes, source.x.astype(np.float32))
        self._pool.use(GivenSpace(SpaceInfo(kind="given", name="given", weights="", image_size=0, dim=dim)), vectors)
        rows = [self._row(number, content_hash) for number, content_hash in enumerate(hashes)]
        self._pool.update(rows, self._pool.cursor)

    def _row(self, number: int, content_hash: bytes) -> PoolRow:
        name, lane = content_hash.hex(), "train" if number < self.drawn else "test"
        return PoolRow.model_validate(
            {"number": number, "image_id": name, "content_hash": name, "lane": lane, "path": name, "change": number}
        )

    def snapshot(self, asked: Iterable[int]) -> Snapshot:
        """What the trainer sees once `asked` and the whole test part are labelled."""
        asked = list(asked)
        self._pool.close(dict.fromkeys(range(self.drawn), False) | dict.fromkeys(asked, True))
        found = self._pool.snapshot([*asked, *self.tests])
        assert found is not None
        return found


class Schedule:
    """A strategy for each batch: of `a>b`, `a` chooses the first and `b` all others."""

    def __init__(self, name: str, find: Finder, share: float = 0.0) -> None:
        """share: of random images, as in the trainer's explore wrapper. Raises ConfigError for an unknown name."""
        found = [find(part.strip()) for part in name.split(THEN)]
        self._strategies = [explore(strategy, share) for strategy in found] if share else found

    def __getitem__(self, batch: int) -> Strategy:
        return self._strategies[min(batch, len(self._strategies) - 1)]


def replay(schedule: Schedule, pool: SeedPool, protocol: Protocol, seed: int) -> Run:
    """Ask, label, fit and test until the budget is used up."""
    sizes = protocol.batches(pool.drawn)
    run = Run(list(accumulate(sizes)), [], [], [])
    asked: list[int] = []
    model = Model()
    snapshot = pool.snapshot(asked)
    for batch, count in enumerate(sizes):
        rng = np.random.default_rng((seed, batch))
        query = query_of(snapshot, model, pool.labels, protocol.strategy, rng)
        query = replace(query, count=count, c=protocol.train.C)
        with peak() as memory:
            start = time.perf_counter()
            chosen = select(schedule[batch], query)
            run.seconds.append(time.perf_counter() - start)
        run.mb.append(memory.added_mb)
        asked += snapshot.askable.numbers[chosen.positions].tolist()
        snapshot = pool.snapshot(asked)
        model = model.fitted(snapshot.train, pool.labels, protocol.train)
        if model.calibration_due:
            model = model.calibrated(snapshot.train, pool.labels, protocol.train)
        run.accuracy.append(accuracy(model, snapshot, pool.labels))
    return run


def accuracy(model: Model, snapshot: Snapshot, labels: Mapping[int, int]) -> float:
    """The share of the test part that is predicted right; a class that no label has been seen of is always missed."""
    assert model.head is not None
    predicted = model.head.classes[model.probabilities(snapshot.test).argmax(axis=1)]
    return float((predicted == [labels[int(number)] for number in snapshot.test.numbers]).mean())


def replay_seed(
    source: LabelledSet, names: Sequence[str], find: Finder, protocol: Protocol, threads: int, seed: int
) -> dict[str, Run]:
    """Every strategy on this seed's pool."""
    torch.set_num_threads(threads)
    threadpool_limits(threads)
    with TemporaryDirectory() as folder:
        pool = SeedPool(drawn(source, protocol.pool, seed), Path(folder))
        return {name: replay(Schedule(name, find, protocol.explore), pool, protocol, seed) for name in names}


def replay_seeds(
    source: LabelledSet, names: Sequence[str], find: Finder, protocol: Protocol, seeds: int, jobs: int, threads: int = 1
) -> Iterator[dict[str, Run]]:
    """`replay_seed` for each seed in order, in `jobs` processes. find: where jobs > 1, a function of a module."""
    one = partial(replay_seed, source, names, find, protocol, threads)
    if jobs == 1:
        yield from map(one, range(seeds))
        return
    with ProcessPoolExecutor(jobs, get_context("spawn")) as executor:
        yield from executor.map(one, range(seeds))
