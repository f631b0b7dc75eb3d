"""Label efficiency: replays known labels through the trainer's own learner and strategies, a curve per strategy.

The first batch is chosen with no labels at all, by the strategy itself; `a>b` chooses the first batch by `a` and all
others by `b`. After each batch the head is fitted as in the trainer and tested on the test part. Each seed draws its
own pool (--pool) of the training part, the same for all strategies, so that differences are taken in pairs.

Printed and written: the mean over the budgets ("mean of the curve", aulc); labels needed: the first budget at which the
mean of the seeds reaches the target; differences to the baselines with 95 % intervals over the seeds (Student's t).
Seconds and MB are those of the query alone, on --threads threads: scoring the pool and fitting the head come to the
same for all strategies. MB is resident memory above what the process had before the query.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.curves import Curves, compare, summary
from benchmarks.labelled_set import BadLabels, LabelledSet, read_arrays, read_digits, read_folder
from benchmarks.replay import Finder, Protocol, Run, Schedule, replay_seeds
from benchmarks.table import print_table
from shared.config import Model, Train
from shared.config import Strategy as StrategyConfig
from shared.errors import LabelstreamError
from trainer.strategies import find_strategy

BASELINE: Final = "random"
SHOWN: Final = 5  # budgets in the printed table
LIBRARIES: Final = ("numpy", "scipy", "scikit-learn", "torch")


@dataclass(slots=True)
class Measured:
    """What is known of one strategy: its curves, and what a query of it costs."""

    labels: list[int] = field(default_factory=list)
    accuracy: list[list[float]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    mb: list[float] = field(default_factory=list)

    def add(self, run: Run) -> None:
        """One more seed."""
        self.labels = run.labels
        self.accuracy.append(run.accuracy)
        self.seconds += run.seconds
        self.mb += run.mb

    @property
    def curves(self) -> Curves:
        """For statistics."""
        return Curves(tuple(self.labels), np.array(self.accuracy))


def measure(
    source: LabelledSet, names: Sequence[str], find: Finder, protocol: Protocol, options: argparse.Namespace
) -> dict[str, Measured]:
    """Replay every strategy on every seed, saying how far it is."""
    found = {name: Measured() for name in names}
    for seed, runs in enumerate(
        replay_seeds(source, names, find, protocol, options.seeds, options.jobs, options.threads)
    ):
        for name, run in runs.items():
            found[name].add(run)
        print(f"seed {seed + 1} of {options.seeds}", file=sys.stderr)
    return found


def report(
    measured: Mapping[str, Measured], targets: Sequence[float], baselines: Sequence[str], settings: dict[str, Any]
) -> dict[str, Any]:
    """All figures, as `--json` writes them."""
    others = {name: measured[name].curves for name in baselines if name in measured}
    strategies = {}
    for name, found in measured.items():
        against = {other: curves for other, curves in others.items() if other != name}
        strategies[name] = summary(found.curves, targets, against) | {
            "seconds_per_query": round(float(np.mean(found.seconds)), 6),
            "peak_mb": round(float(np.max(found.mb)), 1),
        }
    return {"strategies": strategies, "settings": settings}


def table(measured: Mapping[str, Measured], targets: Sequence[float], baseline: str) -> list[dict[str, str]]:
    """A line per strategy, the best mean of the curve first."""
    ordered = sorted(measured, key=lambda name: -measured[name].curves.area.mean)
    return [_line(name, measured[name], targets, measured.get(baseline), baseline) for name in ordered]


def _line(
    name: str, found: Measured, targets: Sequence[float], other: Measured | None, baseline: str
) -> dict[str, str]:
    curves = found.curves
    line = {"strategy": name, "mean of the curve": str(curves.area)}
    for place in np.unique(np.linspace(0, len(curves.labels) - 1, SHOWN).round().astype(int)):
        line[f"{curves.labels[place]}"] = f"{curves.accuracy[:, place].mean():.3f}"
    for target in targets:
        reached = curves.labels_to(target)
        line[f"labels to {target:g}"] = f"> {curves.labels[-1]}" if reached is None else f"{reached}"
    if other is not None:
        line[f"minus {baseline}"] = "" if found is other else compare(curves, other.curves).area.signed
        line["below it at"] = ", ".join(map(str, compare(curves, other.curves).below)) or "-"
    line["s per query"] = f"{np.mean(found.seconds):.4f}"
    line["MB"] = f"{np.max(found.mb):.0f}"
    return line


def write_csv(path: Path, measured: Mapping[str, Measured]) -> None:
    """A row per strategy, seed and budget."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["strategy", "seed", "labels", "accuracy"])
        for name, found in measured.items():
            for seed, run in enumerate(found.accuracy):
                writer.writerows([name, seed, n, f"{a:.6f}"] for n, a in zip(found.labels, run, strict=True))


def parser(module: str, doc: str | None) -> argparse.ArgumentParser:
    """The options, the same for our strategies and for those of other libraries."""
    made = argparse.ArgumentParser(
        prog=f"python -m {module}", description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = made.add_argument_group("images and labels")
    data.add_argument("--images", type=Path, metavar="DIR", help="folder of images; nothing is written there")
    data.add_argument("--labels", type=Path, metavar="CSV", help="columns filename, label and optionally split")
    data.add_argument("--embeddings", type=Path, metavar="FILE.npz", help="x, y, test, classes instead of images")
    data.add_argument("--digits", action="store_true", help="scikit-learn's digits, raw pixels, instead of images")
    data.add_argument("--weights", default="default", metavar="F", help="file, `default` or `none` (pixel features)")
    data.add_argument("--backbone", metavar="NAME", help="any torchvision name (default: mobilenet_v2)")
    data.add_argument("--image-size", type=int, metavar="N", help="pixels (default: 224)")
    data.add_argument("--device", default="auto", help="where images are embedded (default: %(default)s)")
    data.add_argument("--data", type=Path, default=Path("data/benchmarks"), metavar="DIR", help="keeps embeddings")
    asked = made.add_argument_group("what is replayed")
    asked.add_argument("--strategies", default=f"random,margin,{StrategyConfig().name}", metavar="a,b>c")
    asked.add_argument("--initial", type=int, default=10, metavar="N", help="first batch (default: %(default)s)")
    asked.add_argument("--step", type=int, default=10, metavar="N", help="further batches (default: %(default)s)")
    asked.add_argument("--budget", type=int, default=150, metavar="N", help="labels at the end (default: %(default)s)")
    asked.add_argument("--pool", type=int, metavar="N", help="training images that each seed draws (default: all)")
    asked.add_argument("--seeds", type=int, default=8, metavar="N", help="(default: %(default)s)")
    asked.add_argument("--explore", type=float, default=0.0, metavar="P", help="share of random images (default: 0)")
    asked.add_argument("--C", type=float, default=Train().C, help="of the head (default: %(default)s)")
    asked.add_argument("--plain-head", action="store_true", help="no balancing of classes in the head")
    told = made.add_argument_group("what is told")
    told.add_argument("--target", default="0.9,0.95,0.99", metavar="A,B", help="accuracies (default: %(default)s)")
    told.add_argument("--baseline", default=BASELINE, metavar="a,b", help="compare with these (default: %(default)s)")
    for what in ("json", "csv", "plot"):
        told.add_argument(f"--{what}", type=Path, metavar="F", help=f"write a {what} file")
    told.add_argument("--jobs", type=int, default=1, metavar="N", help="processes, over seeds (default: 1)")
    told.add_argument("--threads", type=int, default=1, metavar="N", help="of each process (default: 1)")
    return made


def read_set(options: argparse.Namespace) -> LabelledSet:
    """The set that the options name. Raises BadLabels or ConfigError."""
    given = [bool(options.images), bool(options.embeddings), bool(options.digits)]
    if sum(given) != 1 or bool(options.images) != bool(options.labels):
        raise BadLabels("expected --images DIR with --labels CSV, or --embeddings FILE.npz, or --digits")
    if options.digits:
        return read_digits()
    if options.embeddings:
        return read_arrays(options.embeddings)
    model = Model(backbone=options.backbone, weights=options.weights, image_size=options.image_size)
    return read_folder(options.images, options.labels, model, options.device, options.data)


def check(options: argparse.Namespace, names: Sequence[str], find: Finder) -> None:
    """Refuse what cannot be replayed. Raises LabelstreamError."""
    for option in ("initial", "step", "budget", "seeds", "jobs", "threads", "pool"):
        value = getattr(options, option)
        if value is not None and value < 1:
            raise BadLabels(f"--{option} is {value}; expected 1 or more")
    for name in names:
        Schedule(name, find)


def run(options: argparse.Namespace, find: Finder, libraries: Sequence[str] = LIBRARIES) -> dict[str, Measured]:
    """Everything that the options ask for. Raises LabelstreamError."""
    names = list(dict.fromkeys(name.strip() for name in options.strategies.split(",")))
    targets = [float(target) for target in options.target.split(",") if target]
    baselines = options.baseline.split(",")
    check(options, names, find)
    protocol = Protocol(
        options.initial,
        options.step,
        options.budget,
        options.pool,
        options.explore,
        Train(C=options.C, class_balanced=not options.plain_head),
    )
    source = read_set(options)
    settings = settings_of(options, source, libraries)
    print("  ".join(f"{key}: {value}" for key, value in settings.items()))
    measured = measure(source, names, find, protocol, options)
    print_table(table(measured, targets, baselines[0]))
    if options.seeds == 1:
        print("One seed: the intervals have no width.")
    figures = report(measured, targets, baselines, settings)
    if options.json:
        options.json.write_text(json.dumps(figures) + "\n", encoding="utf-8")
    if options.csv:
        write_csv(options.csv, measured)
    if options.plot:
        from benchmarks.curve_plot import plot  # noqa: PLC0415 - seconds that a run without a plot does not need

        plot(figures, options.plot)
    return measured


def settings_of(options: argparse.Namespace, source: LabelledSet, libraries: Sequence[str]) -> dict[str, Any]:
    """What the figures depend on."""
    asked = ("initial", "step", "budget", "pool", "seeds", "C", "explore", "threads")
    return {
        "set": source.name,
        "features": source.features,
        "classes": len(source.classes),
        "train": int((~source.test).sum()),
        "test": int(source.test.sum()),
        **{name: getattr(options, name) for name in asked},
        "class_balanced": not options.plain_head,
        "versions": {name: version(name) for name in libraries},
    }


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    options = parser("benchmarks.label_efficiency", __doc__).parse_args(argv)
    try:
        run(options, find_strategy)
    except LabelstreamError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
