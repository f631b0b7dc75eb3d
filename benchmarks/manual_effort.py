"""Human time to label a whole set with pre-labels and no error left: a simulated person, the trainer's own learner.

Images are asked one by one, the most informative first, until the model is good; then the person looks over grids of
images with the same predicted class, the most confident first. A wrong pre-label is always seen and typed anew.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

from benchmarks.labelled_set import LabelledSet, read_arrays, read_folder
from benchmarks.replay import SeedPool, drawn
from benchmarks.table import parser_for, print_table, write_json
from shared.config import Config
from shared.config import Model as ModelConfig
from trainer.learner import Model
from trainer.pool import Snapshot
from trainer.ranking import query_of
from trainer.strategies import find_strategy, select

Integers = npt.NDArray[np.int64]

TYPED_S: Final = 1.5  # to type the label of one image
VERIFIED_S: Final = 0.5  # to accept the pre-label of an image shown by itself
GLANCED_S: Final = 0.1  # to look at one image of a grid
TARGET: Final = 0.12  # of the time that typing every label takes
UNKNOWN: Final = -1  # the pre-label where there is no model yet


@dataclass(frozen=True, slots=True)
class Plan:
    """How the person works; what decides between one by one and grids is known to them at that moment.

    initial: images typed before there is a model. batch: images asked one by one at a time. grid: images looked over
    at once; fewer than `batch` take as long as one by one. tolerate: a grid with a larger share of wrong pre-labels
    sends back to a batch one by one; after the batch a grid is tried again. growth: the head is fitted again once there
    are so many times as many labels.
    """

    strategy: str = "uherding"
    initial: int = 12
    batch: int = 10
    grid: int = 40
    tolerate: float = 0.1
    growth: float = 1.05


@dataclass(slots=True)
class Effort:
    """What the person did. curve: images done and seconds spent, after each batch or grid."""

    typed: int = 0
    verified: int = 0
    glanced: int = 0
    curve: list[tuple[int, float]] = field(default_factory=lambda: [(0, 0.0)])

    @property
    def seconds(self) -> float:
        """Human time."""
        return TYPED_S * self.typed + VERIFIED_S * self.verified + GLANCED_S * self.glanced

    def one_by_one(self, count: int, wrong: int) -> None:
        """Images shown by themselves: wrong ones are typed, right ones accepted."""
        self.typed += wrong
        self.verified += count - wrong
        self._note(count)

    def in_grid(self, count: int, wrong: int) -> None:
        """Images looked over together: each is looked at, wrong ones are typed as well."""
        self.glanced += count
        self.typed += wrong
        self._note(count)

    def _note(self, count: int) -> None:
        self.curve.append((self.curve[-1][0] + count, self.seconds))


def label_all(pool: SeedPool, plan: Plan, seed: int) -> Effort:
    """Label every training image of the pool."""
    effort, model, asked = Effort(), Model(), []
    snapshot, is_grid = pool.snapshot([]), False
    while len(snapshot.askable):
        shown = next_grid(snapshot, model, plan) if is_grid else next_batch(snapshot, model, pool, plan, seed)
        numbers = snapshot.askable.numbers[shown]
        truth = np.array([pool.labels[int(number)] for number in numbers])
        wrong = int((pre_labels(model, snapshot)[shown] != truth).sum())
        (effort.in_grid if is_grid and len(shown) >= plan.batch else effort.one_by_one)(len(shown), wrong)
        is_grid = model.head is not None and (not is_grid or wrong <= plan.tolerate * len(shown))
        asked += numbers.tolist()
        snapshot = pool.snapshot(asked)
        if len(asked) >= plan.growth * model.labels:
            model = model.fitted(snapshot.train, pool.labels, Config().train)
    return effort


def pre_labels(model: Model, snapshot: Snapshot) -> Integers:
    """The predicted class of each askable image, (N,)."""
    if model.head is None:
        return np.full(len(snapshot.askable), UNKNOWN)
    found: Integers = model.head.classes[model.probabilities(snapshot.askable).argmax(axis=1)]
    return found


def next_batch(snapshot: Snapshot, model: Model, pool: SeedPool, plan: Plan, seed: int) -> Integers:
    """Positions of the most informative askable images."""
    config = Config()
    rng = np.random.default_rng((seed, len(snapshot.train)))
    query = query_of(snapshot, model, pool.labels, config.strategy, rng)
    count = plan.initial if model.head is None else plan.batch
    return select(find_strategy(plan.strategy), replace(query, count=count, c=config.train.C)).positions


def next_grid(snapshot: Snapshot, model: Model, plan: Plan) -> Integers:
    """Positions of the most confident images of one predicted class: of that in which most are expected to be right."""
    probs = model.probabilities(snapshot.askable)
    top, predicted = probs.max(axis=1), probs.argmax(axis=1)
    grids = []
    for column in np.unique(predicted):
        members = np.flatnonzero(predicted == column)
        grids.append(members[np.argsort(-top[members], kind="stable")[: plan.grid]])
    return max(grids, key=lambda grid: float(top[grid].sum()))


def measure(source: LabelledSet, plan: Plan, seeds: Sequence[int], pool: int | None) -> list[Effort]:
    """`label_all` for each seed, on its own order of the training part or on `pool` images drawn from it."""
    efforts = []
    for seed in seeds:
        with TemporaryDirectory() as folder:
            efforts.append(label_all(SeedPool(drawn(source, pool, seed), Path(folder)), plan, seed))
        print(f"{source.name}, seed {seed}: {efforts[-1].typed} typed, {efforts[-1].seconds:.0f} s", file=sys.stderr)
    return efforts


def summary(name: str, efforts: Sequence[Effort]) -> dict[str, Any]:
    """Means over the seeds, as shares of all images and of the time that typing every label takes."""
    images = efforts[0].curve[-1][0]
    shares = np.array([effort.seconds / (TYPED_S * images) for effort in efforts])
    typed = np.array([effort.typed / images for effort in efforts])
    return {
        "set": name,
        "images": images,
        "seeds": len(efforts),
        "typed": float(typed.mean()),
        "typed_range": [float(typed.min()), float(typed.max())],
        "verified": float(np.mean([effort.verified for effort in efforts])) / images,
        "glanced": float(np.mean([effort.glanced for effort in efforts])) / images,
        "seconds": float(np.mean([effort.seconds for effort in efforts])),
        "time": float(shares.mean()),
        "time_range": [float(shares.min()), float(shares.max())],
    }


def row(figures: dict[str, Any]) -> dict[str, object]:
    """A line of the table."""
    low, high = figures["time_range"]
    fewest, most = figures["typed_range"]
    return {
        "set": figures["set"],
        "images": f"{figures['images']:,}",
        "seeds": figures["seeds"],
        "typed": f"{figures['typed']:.1%} ({fewest:.1%} to {most:.1%})",
        "accepted one by one": f"{figures['verified']:.1%}",
        "looked over in grids": f"{figures['glanced']:.1%}",
        "human time": f"{figures['seconds']:.0f} s",
        "of typing all": f"{figures['time']:.1%} ({low:.1%} to {high:.1%})",
        f"target {TARGET:.0%}": "met" if figures["time"] <= TARGET else "missed",
    }


def plot(name: str, efforts: Sequence[Effort], path: Path) -> None:
    """Human time against images done: each seed, their mean, and typing everything."""
    images = efforts[0].curve[-1][0]
    done = np.linspace(0, images, 200)
    curves = np.array([np.interp(done, *np.array(effort.curve).T) for effort in efforts]) / 60
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(7, 4.2), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.plot(done, done * TYPED_S / 60, "--", color="#8a8a8a", label="typing every label")
        axes.plot(done, curves.T, color="#0072B2", alpha=0.2, linewidth=0.8)
        axes.plot(done, curves.mean(axis=0), color="#0072B2", linewidth=2, label="one by one, then grids")
        goal = TARGET * TYPED_S * images / 60
        axes.axhline(goal, color="#D55E00", linewidth=1, linestyle=":", label=f"{TARGET:.0%} of typing every label")
        axes.set(xlabel="images done", ylabel="human time, minutes", title=f"{name}: labelled without an error left")
        axes.set(xlim=(0, images), ylim=(0, 2.5 * max(goal, float(curves.max()))))
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="upper right")
        figure.savefig(path, dpi=130)


def main() -> None:
    """Measure and print."""
    options = _options()
    torch.set_num_threads(options.threads)
    threadpool_limits(options.threads)
    plan = Plan(options.strategy, options.initial, options.batch, options.grid, options.tolerate, options.growth)
    source = _source(options)
    efforts = measure(source, plan, range(options.seed, options.seed + options.seeds), options.pool)
    figures = summary(source.name, efforts)
    print_table([row(figures)])
    write_json(options.json, {"plan": asdict(plan), **figures, "efforts": [asdict(effort) for effort in efforts]})
    if options.plot:
        plot(source.name, efforts, options.plot)


def _source(options: argparse.Namespace) -> LabelledSet:
    if options.embeddings:
        return read_arrays(options.embeddings)
    if not (options.images and options.labels):
        sys.exit("manual_effort got no images: give --images DIR with --labels CSV, or --embeddings FILE.npz")
    return read_folder(options.images, options.labels, ModelConfig(weights=options.weights), "auto", options.data)


def _options() -> argparse.Namespace:
    parser = parser_for("benchmarks.manual_effort", __doc__)
    default = Plan()
    parser.add_argument("--embeddings", type=Path, help=".npz file with x, y, test and classes, instead of images")
    parser.add_argument("--images", type=Path, help="folder that the CSV's file names start from")
    parser.add_argument("--labels", type=Path, help="CSV with filename, label and optionally split (train, test)")
    parser.add_argument("--weights", default="default", help="weights file, `default` or `none` (%(default)s)")
    parser.add_argument("--data", type=Path, default=Path("data/benchmarks"), help="where embeddings are kept")
    parser.add_argument("--pool", type=int, help="training images that each seed draws (default: all)")
    parser.add_argument("--seeds", type=int, default=10, help="runs, from --seed on (default: %(default)s)")
    parser.add_argument("--strategy", default=default.strategy, help="for images one by one (default: %(default)s)")
    parser.add_argument("--initial", type=int, default=default.initial, help="(default: %(default)s)")
    parser.add_argument("--batch", type=int, default=default.batch, help="images one by one (default: %(default)s)")
    parser.add_argument("--grid", type=int, default=default.grid, help="images in a grid (default: %(default)s)")
    parser.add_argument("--tolerate", type=float, default=default.tolerate, help="wrong in a grid (%(default)s)")
    parser.add_argument("--growth", type=float, default=default.growth, help="of labels, before a fit (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="(default: %(default)s)")
    parser.add_argument("--plot", type=Path, metavar="F.png", help="draw human time against images done")
    options = parser.parse_args()
    if options.quick:
        options.seeds, options.pool = 1, options.pool or 300
    return options


if __name__ == "__main__":
    main()
