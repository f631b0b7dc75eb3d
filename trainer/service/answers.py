"""What the service computes, from features and labels to an answer. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from shared.config import Strategy as StrategyConfig
from shared.config import Train
from shared.errors import ConfigError
from trainer.learner import Model
from trainer.models.space import Space
from trainer.pool import Located, Snapshot
from trainer.ranking import query_of
from trainer.service.refusals import BadCall
from trainer.service.work import Advance
from trainer.strategies import MOST_EPOCHS, STRATEGIES, Strategy, find_strategy, select

ROUND: Final = 2000  # images chosen at once: what a strategy compares in pairs has to fit the memory
MOST_STEPS: Final = 2000  # of the optimiser, which ends long before

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train and to choose."""

    train: Train
    strategy: StrategyConfig


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was learnt from the labelled images among `images`. labels: class number by image number."""

    images: Snapshot
    labels: Mapping[int, int]
    model: Model


@dataclass(frozen=True, slots=True)
class Chosen:
    """Numbers of images, best first, with their scores."""

    numbers: list[int]
    scores: list[float]


def known_strategy(method: str) -> Strategy:
    """The strategy of the table; never one by dotted name, which would run any code. Raises BadCall."""
    try:
        if ":" in method:
            raise ConfigError("a dotted name")
        return find_strategy(method)
    except ConfigError as error:
        raise BadCall(
            "unknown_method",
            "method",
            f"method is {method[:80]!r}; expected one of {', '.join(STRATEGIES)}; vae and mixture may end with a "
            f"number of epochs up to {MOST_EPOCHS}, like vae100",
        ) from error


def fitted(train: Located, labels: Mapping[int, int], config: Train) -> Model:
    """A model of all of `train`, fitted to the end. labels: class number by image number."""
    return Model().fitted(train, labels, config.model_copy(update={"steps_per_slice": MOST_STEPS}))


def learn(space: Space, images: Located, labels: Mapping[int, int], config: Train) -> Learnt:
    """Fit on those of `images` that have a label; all others may be asked."""
    has_label = np.isin(images.numbers, list(labels))
    nothing = images.part(np.zeros(len(images), bool))
    snapshot = Snapshot(space, images.vectors, images.part(~has_label), images.part(has_label), nothing)
    return Learnt(snapshot, labels, fitted(snapshot.train, labels, config))


def choose(strategy: Strategy, count: int, learnt: Learnt, settings: Settings, seed: int, advance: Advance) -> Chosen:
    """Exactly `count` distinct images of those without a label, or all that are left.

    More than ROUND are chosen in rounds, in each of which those chosen before count as being asked. seed: of all that
    is random. advance: is told the share that is done, after every round.
    """
    askable = learnt.images.askable
    taken = np.zeros(len(askable), bool)
    numbers: list[int] = []
    scores: list[float] = []
    wanted = min(count, len(askable))
    for turn in range(-(-wanted // ROUND)):
        rest = askable.part(~taken)
        rng = np.random.default_rng((seed, turn))
        query = query_of(replace(learnt.images, askable=rest), learnt.model, learnt.labels, settings.strategy, rng)
        size = min(ROUND, wanted - len(numbers))
        found = select(strategy, replace(query, count=size, asked=askable.part(taken), c=settings.train.C))
        numbers += rest.numbers[found.positions].tolist()
        scores += found.scores.tolist()
        taken[np.flatnonzero(~taken)[found.positions]] = True
        advance(len(numbers) / wanted)
    return Chosen(numbers, scores)


def likeliest(model: Model, images: Located) -> Iterator[tuple[int, int, float]]:
    """(number, class number, confidence) of every image; nothing where no label has been given yet."""
    if model.head is None:
        return
    probs = model.probabilities(images)
    best = probs.argmax(axis=1)
    confidence = probs[np.arange(len(probs)), best].tolist()
    yield from zip(images.numbers.tolist(), model.head.classes[best].tolist(), confidence, strict=True)


def f1_scores(truth: Integers, predicted: Integers) -> dict[int, float]:
    """F1 = 2·TP / (2·TP + FP + FN) of every class that occurs in either, (n,) class numbers each."""
    scores = {}
    for number in np.union1d(truth, predicted).tolist():
        right = int(((truth == number) & (predicted == number)).sum())
        scores[number] = 2 * right / (int((truth == number).sum()) + int((predicted == number).sum()))
    return scores


def f1_answer(
    train: Located, validation: Located, labels: Mapping[int, int], classes: list[str], config: Train
) -> dict[str, Any]:
    """Train on `train`, predict `validation`: the answer of `/f1`. labels: class number by image number."""
    model = fitted(train, labels, config)
    predicted = {number: label for number, label, _ in likeliest(model, validation)}
    truth = np.array([labels[number] for number in validation.numbers.tolist()], np.int64)
    scores = f1_scores(truth, np.array([predicted[number] for number in validation.numbers.tolist()], np.int64))
    return {
        "f1_macro": float(np.mean(list(scores.values()))),
        "per_class": {classes[number]: score for number, score in scores.items()},
        "n_train": len(train),
        "n_val": len(validation),
    }
