"""Whether more labels still change anything: rules that advise, or stop. Pure.

They compare snapshots, one whenever so many training labels have come, however often the model was fitted in between.
A snapshot is what the model says about a fixed part of the training images, labelled or not. Only `gain` looks at the
hold-out, to measure; nothing is chosen by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from shared.config import Advice as AdviceConfig
from shared.messages import Advice, MetricValue
from trainer.learner import Model
from trainer.pool import Snapshot

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

KAPPAS: Final = 3  # of which the mean counts
FEWEST_TESTS: Final = 50  # test labels; with fewer a gain cannot be seen


@dataclass(frozen=True, slots=True)
class AdviceState:
    """What the rules need of earlier snapshots: kept in the checkpoint.

    labels: training labels at the newest snapshot. since: how many came between that and the one before. predicted:
    image number → class number then. kappas: agreement of each snapshot with the one before, the newest KAPPAS.
    changed: share of the predictions that are others than in the snapshot before. entropy: their mean, 0..1.
    accuracies: (training labels, accuracy on the hold-out, test labels) of earlier snapshots. fired: rules that have
    already stopped the session once.
    """

    labels: int = 0
    since: int = 0
    predicted: Mapping[int, int] = field(default_factory=dict)
    kappas: tuple[float, ...] = ()
    changed: float | None = None
    entropy: float | None = None
    accuracies: tuple[tuple[int, float, int], ...] = ()
    fired: frozenset[str] = frozenset()

    def after_stop(self, config: AdviceConfig) -> Self:
        """A person who goes on after a stop is not stopped again by the same rules."""
        return replace(self, fired=self.fired | {advice.rule for advice in advise(self, config) if advice.holds})


class Finding(NamedTuple):
    """Whether a rule's condition holds, and a sentence with its figures."""

    holds: bool
    sentence: str


def updated(
    state: AdviceState, config: AdviceConfig, model: Model, snapshot: Snapshot, accuracy: MetricValue | None
) -> AdviceState:
    """The state after a further snapshot, if so many labels have come, or gone, that it is time."""
    if abs(model.labels - state.labels) < config.every or model.head is None or len(model.head.classes) < 2:
        return state
    lanes = (snapshot.askable, snapshot.train)
    chosen = np.split(stop_set(np.concatenate([lane.numbers for lane in lanes]), config.images), [len(lanes[0])])
    parts = [lane.part(mask) for lane, mask in zip(lanes, chosen, strict=True)]
    numbers = np.concatenate([part.numbers for part in parts])
    probs = np.concatenate([model.probabilities(part) for part in parts])
    return observed(state, model.labels, numbers, probs, model.head.classes, accuracy)


def stop_set(numbers: Integers, size: int) -> Flags:
    """The images to watch: always the same ones of the same images, at random, at most `size`. (N,) → (N,)."""
    if len(numbers) <= size:
        return np.ones(len(numbers), np.bool_)
    keys = _mixed(numbers.astype(np.uint64))
    return np.asarray(keys <= np.partition(keys, size - 1)[size - 1])


def _mixed(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """A one-to-one map that looks random [SplitMix64, Steele et al. 2014]."""
    z = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


def observed(
    state: AdviceState, labels: int, numbers: Integers, probs: Floats, classes: Integers, accuracy: MetricValue | None
) -> AdviceState:
    """The state after a snapshot.

    probs: (N, K) calibrated probabilities of the stop set's images `numbers`, (N,); columns are `classes`, (K,), K ≥ 2.
    """
    predicted = dict(zip(numbers.tolist(), classes[probs.argmax(axis=1)].tolist(), strict=True))
    common = [number for number in predicted if number in state.predicted]
    before = np.array([state.predicted[number] for number in common], np.int64)
    now = np.array([predicted[number] for number in common], np.int64)
    kappas = (*state.kappas, cohens_kappa(before, now)) if common else ()
    found = () if accuracy is None else ((labels, accuracy.value, accuracy.n),)
    return AdviceState(
        labels=labels,
        since=labels - state.labels,
        predicted=predicted,
        kappas=kappas[-KAPPAS:],
        changed=float((before != now).mean()) if common else None,
        entropy=mean_entropy(probs) if len(probs) else None,
        accuracies=tuple(past for past in state.accuracies if past[0] < labels) + found,
        fired=state.fired,
    )


def cohens_kappa(a: Integers, b: Integers) -> float:
    """Agreement beyond chance, (p_o − p_e)/(1 − p_e) [Cohen 1960]; 1 where both only say one class. n ≥ 1."""
    agreed = float((a == b).mean())
    chance = float(sum((a == k).mean() * (b == k).mean() for k in np.union1d(a, b)))
    return 1.0 if chance >= 1 else (agreed - chance) / (1 - chance)


def mean_entropy(probs: Floats) -> float:
    """The mean of −Σ p log p / log K, (N, K), N ≥ 1, K ≥ 2, in [0, 1]."""
    logs = np.log(probs, out=np.zeros_like(probs), where=probs > 0)
    return float(-(probs * logs).sum(axis=1).mean() / np.log(probs.shape[1]))


def stable(state: AdviceState, config: AdviceConfig) -> Finding | None:
    """The mean of the last three kappas has reached `kappa` [Bloodgood & Vijay-Shanker 2009]."""
    if len(state.kappas) < KAPPAS:
        return None
    mean = float(np.mean(state.kappas))
    return Finding(
        mean >= config.kappa,
        f"the predictions of the last {KAPPAS + 1} looks agree with a kappa of {mean:.3f}; "
        f"stable from {config.kappa:g}",
    )


def change(state: AdviceState, config: AdviceConfig) -> Finding | None:
    """At most `most_changed` of the predictions changed [Zhu et al. 2008]."""
    if state.changed is None:
        return None
    return Finding(
        state.changed <= config.most_changed,
        f"the last {abs(state.since)} labels changed {_percent(state.changed)} of {len(state.predicted)} predictions; "
        f"settled up to {_percent(config.most_changed)}",
    )


def entropy(state: AdviceState, config: AdviceConfig) -> Finding | None:
    """The mean entropy of the predictions is at most `most_entropy` [Zhu et al. 2008]."""
    if state.entropy is None:
        return None
    return Finding(
        state.entropy <= config.most_entropy,
        f"the mean entropy of {len(state.predicted)} predictions is {state.entropy:.3f}, where 0 is certain and 1 a "
        f"guess; certain up to {config.most_entropy:g}",
    )


def gain(state: AdviceState, config: AdviceConfig) -> Finding | None:
    """The accuracy on the hold-out has grown by at most `most_gain` in `gain_labels` labels: early stopping."""
    past = [(n, value) for n, value, tests in state.accuracies if tests >= FEWEST_TESTS]
    earlier = [(n, value) for n, value in past if n <= state.labels - config.gain_labels]
    if not earlier or past[-1][0] != state.labels:
        return None
    (then, before), (now, after) = earlier[-1], past[-1]
    return Finding(
        after - before <= config.most_gain,
        f"the last {now - then} labels changed the accuracy on the test images from {_percent(before)} to "
        f"{_percent(after)}",
    )


RULES: Final[Mapping[str, Callable[[AdviceState, AdviceConfig], Finding | None]]] = {
    "stable": stable,
    "change": change,
    "entropy": entropy,
    "gain": gain,
}


def advise(state: AdviceState, config: AdviceConfig) -> list[Advice]:
    """What each rule that is not off has to say, once it can say something."""
    said = []
    for name, rule in RULES.items():
        mode = getattr(config, name)
        finding = None if mode == "off" else rule(state, config)
        if finding:
            said.append(Advice(rule=name, holds=finding.holds, stops=mode == "stop", sentence=finding.sentence))
    return said


def stop_reason(state: AdviceState, config: AdviceConfig) -> str | None:
    """Why to stop, as a sentence, or None: any, or all, of the rules that may stop hold, and not for a second time."""
    stopping = {name for name in RULES if getattr(config, name) == "stop"}
    holding = {advice.rule: advice.sentence for advice in advise(state, config) if advice.stops and advice.holds}
    enough = holding.keys() == stopping if config.require == "all" else bool(holding)
    if not stopping or not enough or holding.keys() <= state.fired:
        return None
    return "; ".join(holding.values())


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
