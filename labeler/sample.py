"""Something to label on a fresh machine: `python -m labeler.sample --images DIR`.

Where DIR holds no image, the 1,797 handwritten digits that scikit-learn ships [Alpaydin & Kaynak 1998, UCI] are put
into DIR/sample, dark on white and upscaled from 8 × 8 pixels. They come from real forms; their names tell nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from labeler.folders import list_folder

FOLDER = "sample"
SIDE = 128
MARGIN = 2


def fill_if_empty(images: Path) -> int:
    """Write the digits where no image is. Returns how many were written, 0 where there is an image already.

    They appear all at once: an interruption leaves nothing that would be taken for an image.
    """
    if has_image(images):
        return 0
    images.mkdir(parents=True, exist_ok=True)
    for stale in images.glob(".sample-*"):
        shutil.rmtree(stale)
    hidden = Path(tempfile.mkdtemp(prefix=".sample-", dir=images))
    try:
        pixels, digits = load_digits()
        for name, image in zip(sample_names(len(digits)), pixels, strict=True):
            picture_of(image).save(hidden / name)
        hidden.chmod(0o755)
        hidden.rename(images / FOLDER)
    except BaseException:
        shutil.rmtree(hidden, ignore_errors=True)
        raise
    return len(digits)


def sample_labels() -> list[tuple[str, str]]:
    """(path below the image folder, digit) of every image of the sample."""
    _, digits = load_digits()
    return [(f"{FOLDER}/{name}", str(digit)) for name, digit in zip(sample_names(len(digits)), digits, strict=True)]


def sample_names(count: int) -> list[str]:
    """File names that say nothing but the place in the order of `load_digits`."""
    return [f"digit_{number:04d}.png" for number in range(1, count + 1)]


def load_digits() -> tuple[npt.NDArray[np.float64], list[int]]:
    """Ink from 0 to 16, (1797, 8, 8), and the digits; shuffled, as the original order goes 0, 1, 2, …, 9, 0, 1, …"""
    from sklearn.datasets import load_digits as load  # noqa: PLC0415 - seconds that the labeler does not need

    data = load()
    order = np.random.default_rng(0).permutation(len(data.target))
    return data.images[order], [int(digit) for digit in data.target[order]]


def picture_of(ink: npt.NDArray[np.float64]) -> Image.Image:
    """Dark strokes on white, SIDE × SIDE pixels with a margin. ink: (8, 8), 0 to 16."""
    padded = np.pad(255 - np.rint(ink * (255 / 16)), MARGIN // 2, constant_values=255)
    small = Image.fromarray(padded.astype(np.uint8))
    return small.resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def has_image(images: Path) -> bool:
    """Whether a file that may be an image is anywhere below the folder."""
    return any(files for files in _walk(os.fsencode(images)))


def _walk(base: bytes) -> Iterator[list[bytes]]:
    queue = [b""]
    for path in queue:
        try:
            files, folders = list_folder(base, path)
        except OSError:
            continue
        queue.extend(folders)
        yield files


def main() -> None:
    """Fill the folder and say so in a line."""
    parser = argparse.ArgumentParser(prog="python -m labeler.sample", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--images", type=Path, default=Path("images"), help="image folder (default: images)")
    images = parser.parse_args().images
    if count := fill_if_empty(images):
        print(f"{images} held no image: wrote {count:,} handwritten digits to {images / FOLDER} to try things out")


if __name__ == "__main__":
    main()
