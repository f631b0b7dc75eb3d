"""Labels a folder of images with a saved model."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from shared.errors import ConfigError, ImageRejected
from shared.images import decode_rgb, is_candidate, path_hash
from trainer.export import Predicted, likeliest, read_model, write_predictions
from trainer.models.choose import rebuild_space
from trainer.models.space import Pixels, prepare

log = logging.getLogger(__name__)

BATCH = 32


def predict_folder(model: Path, images: Path, out: Path, max_pixels: int) -> int:
    """Label every image below `images` and write a CSV like that of a stopped session. Returns the number of rows.

    What cannot be read is said and left out. Raises ConfigError where the model or the folder cannot be used.
    """
    if not images.is_dir():
        raise ConfigError(f"--images is {str(images)!r}; expected a folder of images")
    card, head, weights = read_model(model)
    space = rebuild_space(card.preprocessing, weights, torch.device("cpu"))
    rows = (
        Predicted(path_hash(os.fsencode(name)), name, label, confidence)
        for names, pixels in _read(images, space.info.image_size, max_pixels)
        for name, (label, confidence) in zip(
            names,
            likeliest(head.probabilities(space.embed(pixels), card.temperature), card.classes, card.decision),
            strict=True,
        )
    )
    return write_predictions(out, rows)


def _read(images: Path, size: int, max_pixels: int) -> Iterator[tuple[list[str], Pixels]]:
    """Names, relative to the folder, and prepared pixels of those that can be read, batch by batch."""

    def load(path: Path) -> Pixels | str:
        try:
            return prepare(decode_rgb(path.read_bytes(), max_pixels, size), size)
        except (ImageRejected, OSError) as error:
            return str(error)

    paths = sorted(path for path in images.rglob("*") if path.is_file() and is_candidate(path.name))
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for start in range(0, len(paths), BATCH):
            batch = paths[start : start + BATCH]
            read = []
            for path, pixels in zip(batch, threads.map(load, batch), strict=True):
                if isinstance(pixels, str):
                    log.warning("%s %s", path, pixels)
                else:
                    read.append((path.relative_to(images).as_posix(), pixels))
            if read:
                yield [name for name, _ in read], np.stack([pixels for _, pixels in read])
