"""Integrated gradients before and after masks were painted, for benchmarks.right_reasons."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from scipy.ndimage import uniform_filter

from benchmarks.pretraining import LabelledSet, embed
from benchmarks.right_reasons import C, Trial
from trainer.counterfactuals import Flags, all_swapped
from trainer.explanation.explained import Explained
from trainer.explanation.saliency import explain
from trainer.models.backbone import NetworkSpace
from trainer.models.head import Head, fit_head
from trainer.models.space import Pixels

METHOD = "integrated_gradients"
BLUR = 5
SHOWN = ((False, False, "clean training images"), (True, False, "marked"), (True, True, "marked, 30 painted:\ncopies"))


def plot_maps(data: LabelledSet, space: NetworkSpace, trial: Trial, path: Path) -> None:
    """A row per image, a column per head on the network as it is; below, what it says, and the share in the mark."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    models = [Explained.of(space, _head(data, space, trial, marked, copies)) for marked, copies, _ in SHOWN]
    rows = _images(data, trial)
    figure, axes = plt.subplots(len(rows), 1 + len(models), figsize=(8.4, 2.4 * len(rows)), layout="constrained")
    for line, (about, pixels, region) in zip(axes, rows, strict=True):
        line[0].imshow(pixels)
        line[0].set_ylabel(about, fontsize=8)
        for axis, model in zip(line[1:], models, strict=True):
            found = explain(model, pixels, METHOD, trial.marked)
            inside = found.values[region].sum() / found.values.sum()
            values = uniform_filter(found.values, BLUR)
            axis.imshow(pixels)
            drawn = axis.imshow(values / values.max(), cmap="inferno", alpha=0.65, vmin=0, vmax=1)
            says = data.classes[model.classes[int(found.logits.argmax())]]
            axis.set_xlabel(f"says {says}\n{inside:.0%} within the mark", fontsize=8)
        for axis in line:
            axis.set_xticks([])
            axis.set_yticks([])
    for axis, title in zip(axes[0], ["image", *(title for *_, title in SHOWN)], strict=True):
        axis.set_title(title, fontsize=9)
    bar = figure.colorbar(drawn, ax=axes, shrink=0.4, aspect=30)
    bar.set_label(
        f"integrated gradients for {data.classes[trial.marked]}, over {BLUR} × {BLUR} px, share of the largest",
        fontsize=8,
    )
    bar.ax.tick_params(labelsize=7)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _head(data: LabelledSet, space: NetworkSpace, trial: Trial, marked: bool, copies: bool) -> Head:
    y, images = data.y[trial.train], trial.shown if marked else trial.clean
    more, more_y = all_swapped(images, y, trial.painted if copies else {}, np.arange(len(y)))
    return fit_head(embed(space, np.concatenate([images, more])), np.concatenate([y, more_y]), C)


def _images(data: LabelledSet, trial: Trial) -> list[tuple[str, Pixels, Flags]]:
    """A painted training image, a test image of another class with the marker, and a clean one of the marked class.

    With each where the marker is, or would be.
    """
    y, marked = data.y[trial.test], data.classes[trial.marked]
    own, other = np.flatnonzero(y == trial.marked)[0], np.flatnonzero(y != trial.marked)[0]
    place, region = next(iter(trial.painted.items()))
    moved = [(trial.planted[i] != data.pixels[trial.test[i]]).any(axis=2) for i in (own, other)]
    return [
        (f"painted training image,\n{marked}", trial.shown[place], region),
        (f"marked test image,\n{data.classes[y[other]]}", trial.planted[other], moved[1]),
        (f"test image,\n{marked}", data.pixels[trial.test[own]], moved[0]),
    ]
