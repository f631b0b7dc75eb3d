"""A drawn map: how an embedding gets its place, and the places that are known."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.utils.extmath import randomized_svd

from trainer.pool import Located
from trainer.projection.near import Report, place_near
from trainer.vectors import VectorFile

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

SLICE: Final = 8_192  # rows between two breaths
GROWN: Final = 1.5  # times as many images as it was drawn for: it is drawn anew
POWER_STEPS: Final = 4


@dataclass(frozen=True, slots=True)
class Sheet:
    """Places by row of the array of embeddings, and what is needed to place further rows.

    mean: (D,), axes: (d, D): an embedding's code is axes · (x − mean). anchors: (k, d), codes of the landmarks;
    anchor_places: (k, 2). With k = 0 the first two values of the code are the place. rows: (n,) ascending; places:
    (n, 2). drawn_for: how many images there were.
    """

    mean: Floats
    axes: Floats
    anchors: Floats
    anchor_places: Floats
    rows: Integers
    places: Floats
    drawn_for: int

    def outgrown(self, images: int) -> bool:
        """Whether the pool has grown by half since it was drawn."""
        return images > GROWN * self.drawn_for

    def codes(self, vectors: VectorFile, rows: Integers, report: Report) -> Floats:
        """The codes of ascending `rows`, (n, d)."""
        found = np.empty((len(rows), len(self.axes)), np.float32)
        bias = -(self.axes @ self.mean)
        for start in range(0, len(rows), SLICE):
            report(start / len(rows))
            part = slice(start, start + SLICE)
            found[part] = vectors.linear(rows[part], self.axes, bias)
        return found

    def place(self, codes: Floats, report: Report) -> Floats:
        """The places of codes, (n, d) → (n, 2)."""
        if not len(self.anchors):
            return np.ascontiguousarray(codes[:, :2])
        return place_near(codes, self.anchors, self.anchor_places, report)

    def extended(self, images: Located, report: Report) -> Sheet:
        """The sheet with those images placed that were not there."""
        new = np.setdiff1d(images.rows, self.rows)
        if not len(new):
            return self
        places = self.place(self.codes(images.vectors, new, report), report)
        rows = np.concatenate([self.rows, new])
        order = np.argsort(rows, kind="stable")
        return replace(self, rows=rows[order], places=np.concatenate([self.places, places])[order])

    def of(self, rows: Integers) -> Floats:
        """The places of rows, all of which are known, (n, 2)."""
        return self.places[np.searchsorted(self.rows, rows)]

    def save(self, path: Path) -> None:
        """Write it, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".part")
        with draft.open("wb") as file:
            np.savez(file, **{field.name: getattr(self, field.name) for field in fields(self)})
        draft.replace(path)


def read_sheet(path: Path) -> Sheet | None:
    """What `save` wrote; None where there is nothing that can be read."""
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {field.name: file[field.name] for field in fields(Sheet)}
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None
    return Sheet(**{**found, "drawn_for": int(found["drawn_for"])})


def begin(images: Located, components: int, sample: int, rng: np.random.Generator) -> Sheet:
    """A sheet without places: the principal axes of at most `sample` of the images [Pearson 1901]; n ≥ 1."""
    part = images.thinned(sample, rng)
    x = part[np.arange(len(part))]
    mean = x.mean(axis=0)
    count = min(components, *x.shape)
    _, _, axes = randomized_svd(x - mean, count, n_iter=POWER_STEPS, random_state=int(rng.integers(2**31)))
    padded = np.zeros((max(components, 2), x.shape[1]), np.float32)
    padded[:count] = axes * np.sign(axes[np.arange(count), np.abs(axes).argmax(axis=1)])[:, None]
    none = np.empty((0, 2), np.float32)
    return Sheet(mean, padded, np.empty((0, len(padded)), np.float32), none, np.empty(0, np.int64), none, len(images))
