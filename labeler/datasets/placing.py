"""Puts the images of a data set below the image folder, all at once, with a list of their labels."""

from __future__ import annotations

import csv
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from PIL import Image

from labeler.datasets.archives import DatasetError, writing_to
from labeler.datasets.readers import Contents

LABELS: Final = "labels.csv"
COLUMNS: Final = ("filename", "label", "split", "source")
FAST: Final = 1  # PNG's compression: small images hardly get smaller by more


class Row(NamedTuple):
    """A line of labels.csv: path below the image folder, class name, part, and what the set itself calls the image."""

    filename: str
    label: str
    split: str
    source: str


def is_placed(images: Path, name: str) -> bool:
    """Whether this set lies below the image folder. Raises DatasetError where something else is in its place."""
    folder = images / name
    with writing_to(images):
        if (folder / LABELS).is_file():
            return True
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise DatasetError(
                f"{folder} holds other files already; move them away, or name another image folder by --images"
            )
    return False


def place(contents: Contents, images: Path, name: str, limit: int | None) -> int:
    """Write images and labels.csv to `images/name`. Returns the number of images; files are moved, not copied.

    The folder appears when it is complete. File names tell nothing but a place in a random order.
    Raises StorageFull and DatasetError.
    """
    with writing_to(images), _hidden(images, name) as hidden:
        rows = [
            _write(contents, part, index, hidden, name, f"{number:05d}")
            for number, (part, index) in enumerate(selection(contents, limit), 1)
        ]
        _list(_first_of_each_class_first(rows, contents), hidden / LABELS)
        hidden.rename(images / name)
    return len(rows)


def selection(contents: Contents, limit: int | None) -> list[tuple[str, int]]:
    """(part, place in it) of all images in a random order that is always the same; the first `limit` of them."""
    every = [(name, i) for name, part in contents.parts.items() for i in range(len(part))]
    random.Random(0).shuffle(every)  # noqa: S311  # nosec B311
    return every[:limit]


@contextmanager
def _hidden(images: Path, name: str) -> Iterator[Path]:
    """A folder that no scanner looks into; gone after a failure, as are those that killed runs have left."""
    images.mkdir(parents=True, exist_ok=True)
    for stale in images.glob(f".{name}-*"):
        shutil.rmtree(stale)
    hidden = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=images))
    try:
        hidden.chmod(0o755)
        yield hidden
    except BaseException:
        shutil.rmtree(hidden, ignore_errors=True)
        raise


def _write(contents: Contents, part: str, index: int, hidden: Path, name: str, stem: str) -> Row:
    picture, label = contents.parts[part][index]
    suffix = ".png" if isinstance(picture, Image.Image) else picture.suffix.lower()
    relative = Path(part, f"{stem}{suffix}")
    (hidden / part).mkdir(exist_ok=True)
    if isinstance(picture, Image.Image):
        picture.save(hidden / relative, compress_level=FAST)
        source = str(index)
    else:
        shutil.move(picture, hidden / relative)
        source = picture.name
    split = {"val": "train"}.get(part, part)
    return Row((name / relative).as_posix(), contents.classes[label], split, source)


def _first_of_each_class_first(rows: list[Row], contents: Contents) -> list[Row]:
    """So that the classes get their keys in the set's own order; the rest stays in random order."""
    first = {row.label: row for row in reversed(rows)}
    leading = [first[name] for name in contents.classes if name in first]
    return leading + [row for row in rows if first[row.label] is not row]


def _list(rows: list[Row], path: Path) -> None:
    columns = [name for name in COLUMNS if name != "split" or any(row.split for row in rows)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([getattr(row, name) for name in columns] for row in rows)
