"""Where each rule of stop advice would have stopped labelling, and what accuracy that gave.

Known labels are replayed through the trainer's own pool, learner and strategy. Half of the test part plays the
hold-out, which the rule `gain` looks at; accuracies are those of the other half. With --part train both are drawn from
the training part, and the test part is left alone: what constants are chosen on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from benchmarks.labelled_set import LabelledSet, read_arrays, read_folder
from benchmarks.replay import SeedPool, accuracy, drawn
from benchmarks.table import parser_for, print_table, write_json
from shared.config import Advice as AdviceConfig
from shared.config import Model as ModelConfig
from shared.config import Strategy as StrategyConfig
from shared.config import Train
from shared.errors import LabelstreamError
from shared.messages import MetricValue
from trainer.advice import RULES, AdviceState, advise, updated
from trainer.learner import Model
from trainer.pool import Snapshot
from trainer.ranking import query_of
from trainer.strategies import Strategy, find_strategy, select

STEP: Final = 10
WHOLE: Final = "(whole budget)"
TRAIN_TEST: Final = 1 / 3  # of the training part, with --part train


@dataclass(frozen=True, slots=True)
class Step:
    """After so many labels: the accuracy on what no rule sees, and the rules that hold, with their figures."""

    labels: int
    accuracy: float
    holding: frozenset[str]
    figures: AdviceState


def replay(source: LabelledSet, strategy: Strategy, budget: int, config: AdviceConfig, seed: int) -> list[Step]:
    """Label up to `budget` images of the seed's pool, STEP at a time."""
    steps, model, state, train = [], Model(), AdviceState(), Train()
    asked: list[int] = []
    with TemporaryDirectory() as folder:
        pool = SeedPool(drawn(source, None, seed), Path(folder))
        snapshot = pool.snapshot(asked)
        while len(asked) < min(budget, pool.drawn):
            rng = np.random.default_rng((seed, len(asked)))
            query = replace(query_of(snapshot, model, pool.labels, StrategyConfig(), rng), count=STEP)
            asked += snapshot.askable.numbers[select(strategy, query).positions].tolist()
            snapshot = pool.snapshot(asked)
            model = model.fitted(snapshot.train, pool.labels, train)
            if model.calibration_due:
                model = model.calibrated(snapshot.train, pool.labels, train)
            seen, unseen = halves(snapshot)
            measured = MetricValue(value=accuracy(model, seen, pool.labels), n=len(seen.test))
            state = updated(state, config, model, snapshot, measured)
            holding = frozenset(advice.rule for advice in advise(state, config) if advice.holds)
            steps.append(Step(len(asked), accuracy(model, unseen, pool.labels), holding, state))
    return steps


def halves(snapshot: Snapshot) -> tuple[Snapshot, Snapshot]:
    """The test part divided in two."""
    even = snapshot.test.numbers % 2 == 0
    return replace(snapshot, test=snapshot.test.part(even)), replace(snapshot, test=snapshot.test.part(~even))


def part_of_training(source: LabelledSet) -> LabelledSet:
    """The training part alone, a third of it as its test part."""
    train = np.flatnonzero(~source.test)
    test = np.random.default_rng(0).random(len(train)) < TRAIN_TEST
    return replace(source, x=source.x[train], y=source.y[train], test=test, paths=())


def table(source: LabelledSet, runs: Sequence[Sequence[Step]]) -> list[dict[str, str]]:
    """For each rule where it first held, over the seeds; the last row is the whole budget."""
    rows = []
    for rule in [*RULES, "any two", WHOLE]:
        stops = [next((step for step in run if _stops(step, rule)), None) for run in runs]
        stops = [run[-1] for run in runs] if rule == WHOLE else stops
        reached = [stop for stop in stops if stop is not None]
        rows.append(
            {
                "set": source.name,
                "rule": rule,
                "stopped": f"{len(reached)} of {len(runs)}",
                "labels": _range([stop.labels for stop in reached]),
                "accuracy": f"{np.mean([stop.accuracy for stop in reached]):.3f}" if reached else "–",
                "lost": _lost(stops, runs),
            }
        )
    return rows


def _stops(step: Step, rule: str) -> bool:
    return len(step.holding) >= 2 if rule == "any two" else rule in step.holding


def _range(labels: Sequence[int]) -> str:
    return f"{np.mean(labels):.0f} ({min(labels)}–{max(labels)})" if labels else "–"


def _lost(stops: Sequence[Step | None], runs: Sequence[Sequence[Step]]) -> str:
    """What the rest of the budget would have added."""
    lost = [run[-1].accuracy - stop.accuracy for stop, run in zip(stops, runs, strict=True) if stop]
    return f"{np.mean(lost):+.3f}" if lost else "–"


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = parser_for("benchmarks.stop_advice", __doc__)
    made.add_argument("--embeddings", type=Path, nargs="+", default=[], metavar="FILE.npz", help="x, y, test, classes")
    made.add_argument("--images", type=Path, help="folder of images instead")
    made.add_argument("--labels", type=Path, metavar="CSV", help="columns filename, label and optionally split")
    made.add_argument("--weights", default="default", help="for --images: a file, `default` or `none`")
    made.add_argument("--strategy", default=StrategyConfig().name, help="default: %(default)s")
    made.add_argument("--budget", type=int, default=500, help="labels (default: %(default)s)")
    made.add_argument("--seeds", type=int, default=4, help="default: %(default)s")
    made.add_argument("--part", choices=("test", "train"), default="test", help="what is measured on")
    made.add_argument("--figures", action="store_true", help="print what the rules compare, look by look")
    return made


def main() -> None:
    """Replay and print."""
    options = parser().parse_args()
    if bool(options.embeddings) == bool(options.images and options.labels):
        sys.exit("expected --embeddings FILE.npz, or --images DIR with --labels CSV")
    weights = ModelConfig(weights=options.weights)
    rows = []
    try:
        strategy = find_strategy(options.strategy)
        sources = [read_arrays(path) for path in options.embeddings] or [
            read_folder(options.images, options.labels, weights, "auto", Path("data/benchmarks"))
        ]
    except LabelstreamError as error:
        sys.exit(str(error))
    for source in sources:
        chosen = part_of_training(source) if options.part == "train" else source
        budget, seeds = (150, 1) if options.quick else (options.budget, options.seeds)
        runs = [replay(chosen, strategy, budget, AdviceConfig(), options.seed + seed) for seed in range(seeds)]
        if options.figures:
            print_figures(source.name, runs)
        rows += table(source, runs)
    print_table(rows)
    write_json(options.json, rows)


def print_figures(name: str, runs: Sequence[Sequence[Step]]) -> None:
    """Every look of every seed, for the choice of the constants."""
    print_table(
        [
            {
                "set": name,
                "seed": f"{seed}",
                "labels": f"{step.labels}",
                "accuracy": f"{step.accuracy:.3f}",
                "kappa": f"{np.mean(step.figures.kappas or [np.nan]):.3f}",
                "changed": "–" if step.figures.changed is None else f"{step.figures.changed:.3f}",
                "entropy": "–" if step.figures.entropy is None else f"{step.figures.entropy:.3f}",
            }
            for seed, run in enumerate(runs)
            for step in run
            if step.figures.labels == step.labels
        ]
    )


if __name__ == "__main__":
    main()
