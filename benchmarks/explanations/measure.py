"""All figures of all methods on some labelled images, one image after the other."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.explanations.controls import CONTROLS
from benchmarks.explanations.faithfulness import Curves, Predict, curves
from benchmarks.explanations.localisation import hits, share_inside
from benchmarks.explanations.sanity import STAGES, randomised, similarity
from benchmarks.labelled_set import LabelledSet
from trainer.explanation import METHODS, Explained, explain, why_not
from trainer.models.backbone import NetworkSpace
from trainer.models.head import Head
from trainer.models.space import Pixels, prepare

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Subject:
    """One image: its path, pixels as the network gets them, the row of its class in the head, pixels inside boxes."""

    path: str
    pixels: Pixels
    truth: int
    inside: Flags | None


@dataclass(slots=True)
class Figures:
    """Of one method, an entry for each image; `stages` has the rank correlations after randomising, by stage."""

    curves: list[Curves] = field(default_factory=list)
    inside: list[float] = field(default_factory=list)
    hits: list[bool] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    stages: dict[str, list[float]] = field(default_factory=lambda: {stage: [] for stage in STAGES})


def choose(source: LabelledSet, head: Head, per_class: int, seed: int) -> list[int]:
    """Rows of test images that the head gets right, `per_class` of each class, drawn at random."""
    rng, rows = np.random.default_rng(seed), np.flatnonzero(source.test)
    x = source.x[rows].astype(np.float32)
    right = rows[head.classes[head.probabilities(x).argmax(axis=1)] == source.y[rows]]
    mixed = rng.permutation(right)
    return [int(row) for number in head.classes for row in mixed[source.y[mixed] == number][:per_class]]


def subjects(
    images: Path, source: LabelledSet, head: Head, rows: Sequence[int], size: int, boxes: Mapping[str, Flags]
) -> Iterator[Subject]:
    """The chosen images. boxes: by a path that ends with the image's, as long as it takes."""
    for row in rows:
        path = source.paths[row]
        with Image.open(images / path) as image:
            pixels = prepare(image.convert("RGB"), size)
        inside = next((mask for name, mask in boxes.items() if name.endswith(path)), None)
        yield Subject(path, pixels, int(np.searchsorted(head.classes, source.y[row])), inside)


def predictor(space: NetworkSpace, head: Head, temperature: float, batch: int = 6) -> Predict:
    """Calibrated probabilities of prepared images."""

    def predict(pixels: Pixels) -> Floats:
        parts = [space.embed(np.ascontiguousarray(pixels[i : i + batch])) for i in range(0, len(pixels), batch)]
        return head.probabilities(np.concatenate(parts), temperature)

    return predict


def measure(
    explained: Explained, predict: Predict, chosen: Sequence[Subject], methods: Sequence[str], seed: int
) -> dict[str, Figures]:
    """Everything but the randomisation, for these methods and the controls."""
    usable = [name for name in methods if not why_not(name, explained.layers)]
    figures = {name: Figures() for name in [*usable, *CONTROLS]}
    rng = np.random.default_rng(seed)
    for done, subject in enumerate(chosen):
        say(f"image {done + 1} of {len(chosen)}: {subject.path}")
        column = int(predict(subject.pixels[None])[0].argmax())
        for name in usable:
            began = time.perf_counter()
            found = explain(explained, subject.pixels, name, explained.classes[column]).values
            figures[name].seconds.append(time.perf_counter() - began)
            _judge(figures[name], found, subject, predict, column)
        for name, control in CONTROLS.items():
            _judge(figures[name], control(len(subject.pixels), rng), subject, predict, column)
    return figures


def _judge(figures: Figures, found: Floats, subject: Subject, predict: Predict, column: int) -> None:
    figures.curves.append(curves(predict, subject.pixels, found, column, subject.truth))
    if subject.inside is not None:
        figures.inside.append(share_inside(found, subject.inside))
        figures.hits.append(hits(found, subject.inside))


def randomise(explained: Explained, chosen: Sequence[Subject], figures: Mapping[str, Figures], seed: int) -> None:
    """Compare the maps of each method with those of models that have forgotten more and more."""
    methods = [name for name in figures if name in METHODS]
    for number, subject in enumerate(chosen):
        say(f"forgetting, image {number + 1} of {len(chosen)}: {subject.path}")
        class_id = explained.classes[subject.truth]
        before = {name: explain(explained, subject.pixels, name, class_id).values for name in methods}
        for stage, share in STAGES.items():
            forgetful = randomised(explained, share, seed + number)
            for name in methods:
                after = explain(forgetful, subject.pixels, name, class_id, explained.layers.target or None)
                figures[name].stages[stage].append(similarity(before[name], after.values))


def say(text: str) -> None:
    """Tell who waits."""
    print(text, file=sys.stderr, flush=True)
