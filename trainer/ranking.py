"""From probabilities and embeddings to the head of the order that the labeler is sent. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from shared.config import Strategy as StrategyConfig
from shared.messages import Prediction, RankingEntry, Reason, ReasonKind
from trainer.pool import Located, Snapshot
from trainer.strategies import Query, Strategy, explore, find_strategy, select

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

NEIGHBOURS: Final = 3
WITH_NEIGHBOURS: Final = 30  # entries; further down the order changes before anyone sees it
TOP: Final = 3
COVER_PER_CLASS: Final = 4  # of 1, 2, 3, 4, 6, 8 the best on two image sets: benchmarks/LOG.md


@dataclass(frozen=True, slots=True)
class Order:
    """The head of the order, and the name of the strategy that made it."""

    strategy: str
    entries: list[RankingEntry]


class Ranker:
    """Orders the askable images by the configured strategies. Raises ConfigError for an unknown one."""

    def __init__(self, config: StrategyConfig) -> None:
        self._config = config
        self._strategies: dict[str, Strategy] = {
            name: explore(find_strategy(name), config.explore) for name in (config.cold_start, config.name)
        }

    def strategy_for(self, labels: int, classes: int) -> str:
        """The strategy's name: the cold start until every class has had some labels on average."""
        cold = classes < 2 or labels < COVER_PER_CLASS * classes
        return self._config.cold_start if cold else self._config.name

    def order(self, snapshot: Snapshot, probs: Floats, classes: Integers, version: int) -> Order:
        """The images to ask next, best first.

        probs: (rows of the array, K) with the class numbers `classes`, (K,). version: seeds what is random.
        """
        config = self._config
        name = self.strategy_for(len(snapshot.train), len(classes))
        askable = snapshot.askable
        query = Query(
            count=config.head,
            probs=probs[askable.rows],
            embeddings=askable,
            labelled=snapshot.train,
            rng=np.random.default_rng((config.seed, version)),
            candidates=config.candidates,
            landmarks=config.landmarks,
        )
        chosen = select(self._strategies[name], query)
        near = nearest(askable, snapshot.train, chosen.positions[:WITH_NEIGHBOURS])
        return Order(
            name,
            [
                _entry(int(askable.numbers[p]), float(score), reason, query.probs[p], classes, near.get(int(p), []))
                for p, score, reason in zip(chosen.positions, chosen.scores, chosen.reasons, strict=True)
            ],
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


def _entry(
    number: int, score: float, kind: ReasonKind, probs: Floats, classes: Integers, neighbours: list[int]
) -> RankingEntry:
    best = [(int(classes[k]), min(1.0, float(probs[k]))) for k in np.argsort(-probs, kind="stable")[:TOP]]
    between = [number for number, _ in best[:2]] if kind is ReasonKind.UNCERTAIN and len(best) > 1 else []
    return RankingEntry(
        image=number,
        score=score,
        reason=Reason(kind=kind, classes=between),
        prediction=Prediction(top=best) if best else None,
        neighbours=neighbours,
    )
