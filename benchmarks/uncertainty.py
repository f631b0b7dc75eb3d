"""How far predictions can be believed: calibration and what the uncertainty says about being wrong, by method.

Each seed draws its labels at random from the training part; figures are on the test part (or, with --part train, on the
training images without a label: what constants are chosen on). The classes that no label has been seen of are left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from benchmarks.labelled_set import LabelledSet, read_arrays, read_folder
from benchmarks.table import parser_for, print_table, write_json
from shared.config import Model, Train
from shared.errors import LabelstreamError
from trainer.evaluation import expected_calibration_error
from trainer.models.head import Head, fit_head
from trainer.uncertainty import UNCERTAINTIES, Learnt, Moments, Uncertainty, of_images
from trainer.uncertainty.temperature import cross_validated_temperature

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Draw = Callable[[Learnt, np.random.Generator], Sequence[Head]]

FIGURES: Final = ("ECE", "Brier", "NLL", "AUROC of entropy", "AUROC of information")
SMALLEST: Final = 1e-7
PASSES: Final = 20


def only_the_head(learnt: Learnt, rng: np.random.Generator) -> Sequence[Head]:
    """No method at all."""
    return [learnt.head]


def drawing(method: Uncertainty, learnt: Learnt, rng: np.random.Generator) -> Sequence[Head]:
    """PASSES heads."""
    return method(learnt, PASSES, rng)


METHODS: Final[dict[str, Draw]] = {
    "softmax": only_the_head,
    **{name: partial(drawing, method) for name, method in UNCERTAINTIES.items()},
}


def figures(found: Moments, truth: Integers) -> list[float]:
    """FIGURES of the predictions for n images with the columns `truth`, (n,); NaN where there is none."""
    right = np.eye(found.mean.shape[1])[truth]
    wrong = found.mean.argmax(axis=1) != truth
    two_sided = 0 < wrong.sum() < len(wrong)
    is_one_head = not found.information.any()
    return [
        expected_calibration_error(found.mean, truth),
        float(((found.mean - right) ** 2).sum(axis=1).mean()),
        float(-np.log(np.maximum(found.mean[np.arange(len(truth)), truth], SMALLEST)).mean()),
        float(roc_auc_score(wrong, found.predictive)) if two_sided else float("nan"),
        float(roc_auc_score(wrong, found.information)) if two_sided and not is_one_head else float("nan"),
    ]


def measure(source: LabelledSet, count: int, part: str, seed: int) -> dict[str, list[float]]:
    """FIGURES of every method, with and without the temperature, after `count` labels."""
    rng, config = np.random.default_rng(seed), Train()
    order = rng.permutation(np.flatnonzero(~source.test))
    rows, others = order[:count], np.flatnonzero(source.test) if part == "test" else order[count:]
    x = source.x[rows].astype(np.float32)
    head = fit_head(x, source.y[rows], config.C, config.class_balanced)
    others = others[np.isin(source.y[others], head.classes)]
    pool, truth = source.x[others].astype(np.float32), np.searchsorted(head.classes, source.y[others])
    temperature = cross_validated_temperature(x, source.y[rows], config.C, config.class_balanced, head)
    learnt = Learnt(head, x, np.searchsorted(head.classes, source.y[rows]), config.C, config.class_balanced)
    measured = {}
    for name, draw in METHODS.items():
        heads = draw(learnt, np.random.default_rng(seed))
        measured[name] = figures(of_images(heads, pool), truth)
        measured[f"{name}, temperature"] = figures(of_images(heads, pool, temperature), truth)
    return measured


def table(source: LabelledSet, counts: Sequence[int], part: str, seeds: Sequence[int]) -> list[dict[str, str]]:
    """A row for each number of labels and method: means over seeds, ± half of their 95 % intervals."""
    rows = []
    for count in counts:
        runs = [measure(source, count, part, seed) for seed in seeds]
        for name in runs[0]:
            values = np.array([run[name] for run in runs])
            cells = {figure: mean_and_interval(values[:, i]) for i, figure in enumerate(FIGURES)}
            rows.append({"set": source.name, "labels": f"{count}", "method": name, **cells})
    return rows


def mean_and_interval(values: Doubles) -> str:
    """`.123 ± .004` over what is not NaN; a dash where nothing is."""
    known = values[np.isfinite(values)]
    if not len(known):
        return "–"
    half = 1.96 * known.std(ddof=1) / np.sqrt(len(known)) if len(known) > 1 else float("nan")
    return f"{known.mean():.3f} ± {half:.3f}"


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = parser_for("benchmarks.uncertainty", __doc__)
    made.add_argument("--embeddings", type=Path, nargs="+", default=[], metavar="FILE.npz", help="x, y, test, classes")
    made.add_argument("--images", type=Path, help="folder of images instead")
    made.add_argument("--labels", type=Path, metavar="CSV", help="columns filename, label and optionally split")
    made.add_argument("--weights", default="default", help="for --images: a file, `default` or `none`")
    made.add_argument("--counts", default="25,50,100,200", help="numbers of labels (default: %(default)s)")
    made.add_argument("--seeds", type=int, default=8, help="default: %(default)s")
    made.add_argument("--part", choices=("test", "train"), default="test", help="what is measured on")
    return made


def main() -> None:
    """Measure and print."""
    options = parser().parse_args()
    if bool(options.embeddings) == bool(options.images and options.labels):
        sys.exit("expected --embeddings FILE.npz, or --images DIR with --labels CSV")
    try:
        sources = [read_arrays(path) for path in options.embeddings] or [
            read_folder(options.images, options.labels, Model(weights=options.weights), "auto", Path("data/benchmarks"))
        ]
    except LabelstreamError as error:
        sys.exit(str(error))
    counts = [int(count) for count in options.counts.split(",")]
    seeds = range(options.seed, options.seed + (2 if options.quick else options.seeds))
    rows = [
        row for source in sources for row in table(source, counts[:1] if options.quick else counts, options.part, seeds)
    ]
    print_table(rows)
    write_json(options.json, rows)


if __name__ == "__main__":
    main()
