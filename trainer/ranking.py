"""From probabilities and embeddings to the head of the order that the labeler is sent. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from shared.config import Strategy as StrategyConfig
from shared.events import MAX_LOOK_ALIKES
from shared.messages import Prediction, RankingEntry, Reason, ReasonKind
from trainer.costs import Costs
from trainer.learner import Model
from trainer.pool import Located, Snapshot
from trainer.strategies import Query, explore, find_strategy, select

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

NEIGHBOURS: Final = 3
WITH_NEIGHBOURS: Final = 30  # entries; further down the order changes before anyone sees it
WITH_LOOK_ALIKES: Final = 10  # entries
LOOK_ALIKE: Final = 0.97  # cosine; of 216 such pairs of two image sets all had one label: benchmarks/LOG.md
TELLING: Final = frozenset({"torchvision", "factory"})  # of pixels and of a small CNN, such pairs are often not alike
TOP: Final = 3
SCORED: Final = 100_000  # images; of a larger folder a random part is looked at, another each time


@dataclass(frozen=True, slots=True)
class Order:
    """The head of the order, and the name of the strategy that made it.

    probs: (N, K) of all images that were scored, columns `classes`, class numbers.
    """

    strategy: str
    entries: list[RankingEntry]
    probs: Floats = field(compare=False)
    classes: Integers = field(compare=False)


class Ranker:
    """Orders the askable images by the configured strategy. Raises ConfigError for an unknown one."""

    def __init__(self, config: StrategyConfig, c: float) -> None:
        """c: the C that heads are fitted with."""
        self._config = config
        self._c = c
        self._strategy = explore(find_strategy(config.name), config.explore)

    def order(
        self,
        snapshot: Snapshot,
        model: Model,
        labels: Mapping[int, int],
        version: int,
        leased: Iterable[int] = (),
        costs: Costs | None = None,
    ) -> Order:
        """The images to ask next, best first.

        labels: class number by image number. version: seeds what is random. leased: numbers of images that people are
        looking at now. costs: of mistakes, by class number; the class of least expected cost then comes first.
        """
        rng = np.random.default_rng((self._config.seed, version))
        is_asked = np.isin(snapshot.askable.numbers, list(leased))
        asked, askable = snapshot.askable.part(is_asked), snapshot.askable.part(~is_asked).thinned(SCORED, rng)
        query = query_of(replace(snapshot, askable=askable), model, labels, self._config, rng)
        query = replace(query, asked=asked, c=self._c)
        chosen = select(self._strategy, query)
        near = nearest(askable, snapshot.train, chosen.positions[:WITH_NEIGHBOURS])
        first = chosen.positions[:WITH_LOOK_ALIKES] if snapshot.space.info.kind in TELLING else chosen.positions[:0]
        alike = look_alikes(snapshot.askable, askable.rows[first])
        classes = model.head.classes if model.head else np.empty(0, np.int64)
        return Order(
            self._config.name,
            [
                _entry(
                    int(askable.numbers[p]),
                    float(score),
                    reason,
                    _best(query.probs[p], classes, costs),
                    near.get(int(p), []),
                    alike.get(int(askable.rows[p]), []),
                )
                for p, score, reason in zip(chosen.positions, chosen.scores, chosen.reasons, strict=True)
            ],
            query.probs,
            classes,
        )


def query_of(
    snapshot: Snapshot, model: Model, labels: Mapping[int, int], config: StrategyConfig, rng: np.random.Generator
) -> Query:
    """What a strategy is asked: to choose config.head of the askable images, with a model fitted on the training ones.

    labels: class number by image number, those of snapshot.train among them.
    """
    numbers = np.array([labels[int(number)] for number in snapshot.train.numbers], np.int64)
    return Query(
        count=config.head,
        probs=model.probabilities(snapshot.askable),
        embeddings=snapshot.askable,
        labelled=snapshot.train,
        rng=rng,
        labels=numbers if model.head is None else np.searchsorted(model.head.classes, numbers),
        head=model.head,
        candidates=config.candidates,
        landmarks=config.landmarks,
        uncertainty=config.uncertainty,
        passes=config.passes,
        dropout=config.dropout,
    )


def nearest(askable: Located, labelled: Located, positions: Integers) -> dict[int, list[int]]:
    """The numbers of the labelled images that each position resembles most, by cosine, nearest first."""
    if not len(labelled) or not len(positions):
        return {}
    similar = askable[positions] @ labelled[np.arange(len(labelled))].T
    order = np.argsort(-similar, axis=1)[:, :NEIGHBOURS]
    return {
        int(position): [int(number) for number in labelled.numbers[row]]
        for position, row in zip(positions, order, strict=True)
    }


def look_alikes(askable: Located, rows: Integers) -> dict[int, list[int]]:
    """By row, the numbers of the other askable images that are nearly the same, most alike first."""
    found = {}
    for row in rows.tolist():
        alike = askable.vectors.nearly_equal(row, LOOK_ALIKE)
        places = np.searchsorted(askable.rows, alike).clip(max=len(askable) - 1)
        places = places[(askable.rows[places] == alike) & (alike != row)]
        order = np.argsort(-(askable[places] @ askable.vectors[np.array([row])][0]), kind="stable")
        found[row] = askable.numbers[places[order]][:MAX_LOOK_ALIKES].tolist()
    return found


def _best(probs: Floats, classes: Integers, costs: Costs | None) -> list[tuple[int, float]]:
    """The TOP likeliest classes of one image with their probabilities; first the one that is said. probs: (K,)."""
    order = np.argsort(-probs, kind="stable").tolist()
    if costs is not None and len(classes):
        said = int(costs.part(classes).decide(probs[None])[0])
        order = [said, *(k for k in order if k != said)]
    return [(int(classes[k]), min(1.0, float(probs[k]))) for k in order[:TOP]]


def _entry(
    number: int, score: float, kind: ReasonKind, best: list[tuple[int, float]], near: list[int], alike: list[int]
) -> RankingEntry:
    between = [number for number, _ in best[:2]] if kind is ReasonKind.UNCERTAIN and len(best) > 1 else []
    return RankingEntry(
        image=number,
        score=score,
        reason=Reason(kind=kind, classes=between),
        prediction=Prediction(top=best) if best else None,
        neighbours=near,
        look_alikes=alike,
    )
