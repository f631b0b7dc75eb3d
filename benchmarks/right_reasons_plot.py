"""Grad-CAM maps before and after masks were painted, for benchmarks.right_reasons."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np

from benchmarks.pretraining import LabelledSet, embed
from benchmarks.right_reasons import C, Trial
from trainer.counterfactuals import Integers, all_swapped
from trainer.explanation.explained import Explained
from trainer.explanation.saliency import explain
from trainer.models.backbone import NetworkSpace
from trainer.models.head import Head, fit_head
from trainer.models.space import Pixels

SHOWN = (("off", False, "fine-tuned\nwithout masks"), ("gradient", False, "gradient\npenalty"),
         ("gradcam", False, "Grad-CAM\npenalty"), ("gradient", True, "gradient penalty\nand copies"))  # fmt: skip


def plot_maps(data: LabelledSet, spaces: Mapping[str, NetworkSpace], trial: Trial, path: Path) -> None:
    """A row per image, a column per model: the map for the class that the model names, which stands below."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    y = data.y[trial.train]
    models = [Explained.of(spaces[name], _head(spaces[name], trial, y, copies)) for name, copies, _ in SHOWN]
    rows = _images(data, trial)
    figure, axes = plt.subplots(len(rows), 1 + len(models), figsize=(9.6, 2.35 * len(rows)), layout="constrained")
    for line, (about, pixels) in zip(axes, rows, strict=True):
        line[0].imshow(pixels)
        line[0].set_ylabel(about, fontsize=8)
        for axis, model in zip(line[1:], models, strict=True):
            found = explain(model, pixels, "gradcam")
            axis.imshow(pixels)
            axis.imshow(found.shown(), cmap="inferno", alpha=0.55, vmin=0, vmax=1)
            axis.set_xlabel(data.classes[found.class_id], fontsize=8)
        for axis in line:
            axis.set_xticks([])
            axis.set_yticks([])
    for axis, title in zip(axes[0], ["image", *(title for *_, title in SHOWN)], strict=True):
        axis.set_title(title, fontsize=9)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def _head(space: NetworkSpace, trial: Trial, y: Integers, copies: bool) -> Head:
    more, more_y = all_swapped(trial.shown, y, trial.painted if copies else {}, np.arange(len(y)))
    return fit_head(embed(space, np.concatenate([trial.shown, more])), np.concatenate([y, more_y]), C)


def _images(data: LabelledSet, trial: Trial) -> list[tuple[str, Pixels]]:
    """A marked training image that is painted, a clean test image of its class, a test image of another with marker."""
    y = data.y[trial.test]
    own, other = np.flatnonzero(y == trial.marked)[0], np.flatnonzero(y != trial.marked)[0]
    marked = data.classes[trial.marked]
    return [
        (f"training image\n{marked}, marked", trial.shown[next(iter(trial.painted))]),
        (f"test image\n{marked}", data.pixels[trial.test[own]]),
        (f"test image\n{data.classes[y[other]]}, marked", trial.planted[other]),
    ]
