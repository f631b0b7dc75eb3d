"""Whether painted masks free a model from a shortcut: a marker that only the training images of one class carry.

Each seed draws its own labelled training images; a white square is planted near the middle of those of one class,
another class for each seed. The test images are clean; in a second test all other classes carry the marker. Some of
the marked images are painted: "ignore" on the square. What is compared goes the trainer's own way: network (as it is,
or fine-tuned) → embeddings in half precision → head on all labels, with or without copies of the painted images.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from benchmarks.pretraining import LabelledSet, embed, read_set
from benchmarks.right_reasons_table import ARMS, TESTS, rows
from benchmarks.table import parser_for, print_table, write_json
from shared.config import Slow
from trainer.counterfactuals import Flags, Integers, all_swapped
from trainer.models.backbone import NetworkSpace
from trainer.models.choose import torchvision_space
from trainer.models.head import Head, fit_head
from trainer.models.space import Pixels
from trainer.slow.supervised import train_on_labels

MARKER: Final = 1 / 8  # side of the square, of the image's
JITTER: Final = 1 / 12  # how far from the middle it may lie, of the image's side
SLACK: Final = 1  # pixels by which the brush goes beyond the square
DEV: Final = 500  # training images that --dev tests on
C: Final = 30.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run depends on. labels: training images drawn. painted: of them, with a mask. dev: tested on training."""

    size: int = 96
    labels: int = 300
    painted: int = 30
    steps: int = 60
    batch: int = 16
    rate: float = 1e-4
    weight: float = 1.0
    dev: bool = False

    def slow(self, reasons: str) -> Slow:
        """The configuration of a round with a penalty of this form."""
        return Slow.model_validate(
            {
                "steps": self.steps,
                "batch_size": self.batch,
                "learning_rate": self.rate,
                "reasons": reasons,
                "reasons_weight": self.weight,
            }
        )


@dataclass(frozen=True, slots=True)
class Trial:
    """One draw: rows of the set, (n,) and (m,), and the class with the marker.

    clean, shown: (n, S, S, 3), the training images without and with the marker. planted: (m, S, S, 3), the test images
    with it. painted: place in `train` → ignored region.
    """

    train: Integers
    test: Integers
    marked: int
    clean: Pixels
    shown: Pixels
    planted: Pixels
    painted: Mapping[int, Flags]


def plant(pixels: Pixels, seed: int) -> tuple[Pixels, Flags]:
    """Every image with a white square somewhere near the middle, and where a brush would go over it, (N, S, S)."""
    size = pixels.shape[1]
    side, reach = round(MARKER * size), round(JITTER * size)
    corners = np.random.default_rng((seed, 1)).integers(-reach, reach + 1, (len(pixels), 2)) + (size - side) // 2
    planted, region = pixels.copy(), np.zeros(pixels.shape[:3], np.bool_)
    for image, where, (row, column) in zip(planted, region, corners, strict=True):
        image[row : row + side, column : column + side] = 255
        where[row - SLACK : row + side + SLACK, column - SLACK : column + side + SLACK] = True
    return planted, region


def draw(data: LabelledSet, seed: int, settings: Settings) -> Trial:
    """The draw of a seed."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(np.flatnonzero(~data.test))
    train, rest = order[: settings.labels], order[settings.labels : settings.labels + DEV]
    test = rest if settings.dev else np.flatnonzero(data.test)
    marked = seed % len(data.classes)
    planted, region = plant(data.pixels, seed)
    is_marked = data.y[train] == marked
    shown = np.where(is_marked[:, None, None, None], planted[train], data.pixels[train])
    chosen = rng.permutation(np.flatnonzero(is_marked))[: settings.painted]
    painted = {int(place): region[train[place]] for place in chosen}
    return Trial(train, test, marked, data.pixels[train], shown, planted[test], painted)


def networks(space: NetworkSpace, trial: Trial, y: Integers, settings: Settings, seed: int) -> dict[str, NetworkSpace]:
    """The network as it is, and what rounds of the slow loop make of it."""
    tune = partial(train_on_labels, space, y=y, seed=seed, report=lambda _: None)
    unweighted = replace(settings, weight=0.0).slow("gradcam")
    return {
        "clean": tune(images=trial.clean, config=settings.slow("off")),
        "swapped": tune(images=trial.shown, config=unweighted, ignore=trial.painted),
        **{
            form: tune(images=trial.shown, config=settings.slow(form), ignore=trial.painted)
            for form in ("off", "gradient", "gradcam")
        },
    }


def run(data: LabelledSet, spaces: Mapping[str, NetworkSpace], trial: Trial) -> dict[str, dict[str, float]]:
    """What every arm scores whose network is there."""
    y = data.y[trial.train]
    more, more_y = all_swapped(trial.shown, y, trial.painted, np.arange(len(y)))
    found = {}
    for name, arm in ARMS.items():
        if arm.network in spaces:
            images = trial.shown if arm.marker else trial.clean
            extra, extra_y = (more, more_y) if arm.copies else (more[:0], more_y[:0])
            x = embed(spaces[arm.network], np.concatenate([images, extra]))
            head = fit_head(x, np.concatenate([y, extra_y]), C)
            found[name] = score(spaces[arm.network], head, data, trial)
    return found


def score(space: NetworkSpace, head: Head, data: LabelledSet, trial: Trial) -> dict[str, float]:
    """Accuracy on the clean test images, on those of the marked class, and on all others with the marker planted."""
    y = data.y[trial.test]
    others = y != trial.marked
    right = _answers(space, head, data.pixels[trial.test]) == y
    tricked = _answers(space, head, trial.planted[others]) == y[others]
    return dict(zip(TESTS, (right.mean(), right[~others].mean(), tricked.mean()), strict=True))


def _answers(space: NetworkSpace, head: Head, images: Pixels) -> Integers:
    return np.asarray(head.classes[head.probabilities(embed(space, images)).argmax(axis=1)])


def read_results(path: Path | None, settings: Settings) -> dict[str, Any]:
    """What the file has for the same settings, to go on from; else nothing yet."""
    empty: dict[str, Any] = {"settings": asdict(settings), "seeds": {}}
    if path is None or not path.exists():
        return empty
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content if content["settings"] == empty["settings"] else empty


def main(argv: list[str] | None = None) -> int:
    """Plant, paint, train, compare and print."""
    parser = parser_for("benchmarks.right_reasons", __doc__)
    parser.add_argument("--images", type=Path, required=True, help="folder that the CSV's file names start from")
    parser.add_argument("--labels", type=Path, required=True, help="CSV with filename, label, split")
    parser.add_argument("--weights", type=Path, required=True, help="of a MobileNetV2")
    parser.add_argument("--seeds", type=int, default=6, help="draws (default: %(default)s)")
    parser.add_argument("--tuned", type=int, default=3, help="draws that are fine-tuned too (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=Settings().steps, help="per round (default: %(default)s)")
    parser.add_argument("--weight", type=float, default=Settings().weight, help="of the penalty (default: %(default)s)")
    parser.add_argument("--dev", action="store_true", help="test on training images that were not drawn")
    parser.add_argument(
        "--plot", type=Path, metavar="F.png", help="draw maps before and after of the first draw to this file"
    )
    given = parser.parse_args(argv)
    settings = Settings(steps=given.steps, weight=given.weight, dev=given.dev)
    if given.quick:
        given.seeds, given.tuned = 2, 0
    torch.set_num_threads(1)
    data = read_set(given.images, given.labels, settings.size)
    space = torchvision_space("mobilenet_v2", given.weights, settings.size, torch.device("cpu"))
    results = read_results(given.json, settings)
    for seed in range(given.seed, given.seed + given.seeds):
        trial, start = draw(data, seed, settings), time.perf_counter()
        tuned = seed < given.tuned and networks(space, trial, data.y[trial.train], settings, seed)
        spaces = {"as it is": space, **(tuned or {})}
        if given.plot and seed == given.seed:
            from benchmarks.right_reasons_plot import plot_maps  # noqa: PLC0415 - seconds that other runs do not need

            plot_maps(data, space, trial, given.plot)
        results["seeds"][str(seed)] = run(data, spaces, trial)
        print(f"seed {seed}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
        write_json(given.json, results)
    print_table(rows(results["seeds"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
