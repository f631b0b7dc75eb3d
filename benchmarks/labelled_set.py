"""Images whose labels are known, with their embeddings: from a folder and a CSV, from an .npz file, or the digits."""

from __future__ import annotations

import csv
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.annotator import Truth
from labeler.holdout import draw_holdout, holdout_size
from shared.config import Holdout, Model
from shared.errors import LabelstreamError
from shared.images import content_hash, is_candidate, path_hash
from trainer.embedder import Embedder
from trainer.labeler_http import PoolPage, PoolRow
from trainer.loading import Loader
from trainer.models.choose import BATCH_SIZES, choose_device, choose_space
from trainer.models.space import unit_rows
from trainer.pool import Pool
from trainer.progress import Progress

Halves = npt.NDArray[np.float16]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MAX_PIXELS: Final = 100_000_000
DIGITS_TEST: Final = 360
LANES: Final = ("train", "test")


class BadLabels(LabelstreamError):
    """The labels given cannot be used."""

    code = "bad_labels"


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Unit vectors in half precision, (N, D), as the trainer keeps them; class numbers, (N,); the test part, (N,).

    name: of the set. features: of the embedding space. classes: names by class number. paths: of the files below the
    image folder, (N,); empty where there are no files.
    """

    name: str
    features: str
    x: Halves
    y: Integers
    test: Flags
    classes: tuple[str, ...]
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownImage:
    """A labelled file below the image folder and the part it belongs to."""

    path: str
    label: str
    lane: str
    content_hash: str


class Listing:
    """Known images as the labeler would list them; an image's number is its place."""

    def __init__(self, known: Sequence[KnownImage]) -> None:
        self._rows = [
            PoolRow(
                number=number,
                image_id=path_hash(os.fsencode(image.path)),
                content_hash=image.content_hash,
                lane="test" if image.lane == "test" else "train",
                path=image.path,
                change=number + 1,
            )
            for number, image in enumerate(known)
        ]

    def pool(self, after: int) -> PoolPage:
        """The rows after `after`."""
        return PoolPage(images=self._rows[after:], last=len(self._rows))

    def image(self, image_id: str) -> bytes | None:
        """No image is anywhere but in the folder."""
        return None


def read_folder(images: Path, labels: Path, model: Model, device: str, data: Path) -> LabelledSet:
    """The labelled images of a folder, embedded by the trainer's own embedder.

    data: where the embeddings are kept by content hash, a folder per image folder, so that the next run finds them.
    Raises BadLabels where the CSV cannot be used, ConfigError where the model cannot.
    """
    known = known_images(images, labels)
    chosen = choose_device(device)
    pool = Pool()
    loader = Loader(images, Listing(known), MAX_PIXELS)
    folder = data / path_hash(os.fsencode(images.resolve()))
    batch = BATCH_SIZES.get(chosen.type, 32)
    embedder = Embedder(pool, choose_space(model, chosen), loader, folder, batch, Progress(sys.stderr))
    _run_to_the_end(embedder, pool)
    for image in embedder.take_unreadable():
        print(f"left out: {known[image.image].path} {image.reason}", file=sys.stderr)
    embedded = pool.unlabelled([])
    if embedded is None or pool.space is None:
        raise BadLabels(f"none of the {len(known)} labelled images below {images} can be read")
    classes = sorted({image.label for image in known})
    kept = [known[number] for number in embedded.numbers]
    return LabelledSet(
        images.resolve().name,
        pool.space.id,
        embedded[np.arange(len(embedded))].astype(np.float16),
        np.array([classes.index(image.label) for image in kept], np.int64),
        np.array([image.lane == "test" for image in kept]),
        tuple(classes),
        tuple(image.path for image in kept),
    )


def _run_to_the_end(embedder: Embedder, pool: Pool) -> None:
    embedder.start()
    try:
        while not embedder.listed or pool.counts().embedded < pool.counts().images:
            time.sleep(0.02)
    finally:
        embedder.close()


def known_images(images: Path, labels: Path) -> list[KnownImage]:
    """The images below a folder that the CSV has a label for; a path is matched by its end, as far as it is needed.

    Without a column `split` the hold-out is drawn by the rule of the labeler. Raises BadLabels.
    """
    rows = _read_rows(labels)
    row_of = Truth([(row["filename"], str(number)) for number, row in enumerate(rows)])
    found = []
    for path in sorted(path for path in images.rglob("*") if is_candidate(path.name)):
        relative = path.relative_to(images).as_posix()
        if (number := row_of.label(relative)) is not None:
            row = rows[int(number)]
            found.append(KnownImage(relative, row["label"], row.get("split", ""), content_hash(path.read_bytes())))
    if not found:
        raise BadLabels(f"none of the {len(rows)} files that {labels} names is below {images}; check --images")
    return found if "split" in rows[0] else _with_holdout(found)


def _read_rows(labels: Path) -> list[dict[str, str]]:
    try:
        with labels.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise BadLabels(f"cannot read {labels}: {error.strerror}; give --labels a CSV file") from error
    if not rows or not {"filename", "label"} <= set(rows[0]):
        raise BadLabels(
            f"{labels} has {len(rows)} rows with the columns {', '.join(rows[0]) if rows else '(none)'}; "
            "expected filename, label and optionally split"
        )
    for line, row in enumerate(rows, 2):
        if row.get("split", "train") not in LANES:
            raise BadLabels(f"{labels}, line {line}: split is {row['split']!r}; expected train or test")
    return rows


def _with_holdout(images: Sequence[KnownImage]) -> list[KnownImage]:
    contents = sorted({image.content_hash for image in images})
    tests = draw_holdout(contents, holdout_size(len(contents), Holdout()))
    return [
        KnownImage(image.path, image.label, "test" if image.content_hash in tests else "train", image.content_hash)
        for image in images
    ]


def read_arrays(path: Path) -> LabelledSet:
    """From an .npz file with `x` (N, D), `y` (N,), `test` (N,) and `classes` (K,). Raises BadLabels."""
    try:
        with np.load(path) as arrays:
            x, y, test, classes = (arrays[key] for key in ("x", "y", "test", "classes"))
    except (OSError, KeyError, ValueError) as error:
        raise BadLabels(f"cannot use {path}: {error}; expected an .npz file with x, y, test and classes") from error
    x = unit_rows(x.astype(np.float32)).astype(np.float16)
    names = tuple(str(name) for name in classes)
    return LabelledSet(path.stem, "as given", x, y.astype(np.int64), test.astype(bool), names)


def read_digits() -> LabelledSet:
    """scikit-learn's 1,797 digits: 64 raw pixels as a unit vector; 360 of them, drawn by class, are the test part."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 - seconds that other sets do not need
    from sklearn.model_selection import train_test_split  # noqa: PLC0415

    digits = load_digits()
    numbers = np.arange(len(digits.target))
    _, tests = train_test_split(numbers, test_size=DIGITS_TEST, stratify=digits.target, random_state=0)
    x = unit_rows((digits.data / 16).astype(np.float32)).astype(np.float16)
    names = tuple(str(name) for name in digits.target_names)
    return LabelledSet("digits", "raw pixels", x, digits.target.astype(np.int64), np.isin(numbers, tests), names)
