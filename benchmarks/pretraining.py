"""What pretraining the small CNN without labels buys: accuracy at few labels beside pixels and untrained weights.

The network is trained on training images alone, without their labels. Then heads are fitted on random draws of labelled
training images, the same for each kind of features, and tested on the test part. Differences are paired.
"""

from __future__ import annotations

import csv
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import t as student

from benchmarks.table import parser_for, print_table, write_json
from shared.images import decode_rgb
from trainer.models.backbone import NetworkSpace
from trainer.models.head import fit_head
from trainer.models.pixels import FIT_ON, PixelSpace
from trainer.models.small_cnn import IMAGE_SIZE, small_cnn
from trainer.models.space import Floats, Pixels, Space, prepare
from trainer.slow.pretraining import pretrain

LABELS: Final = (10, 20, 50, 100, 200)
MAX_PIXELS: Final = 100_000_000
BATCH: Final = 256
C: Final = 30.0


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Prepared images, (N, S, S, 3), their class numbers, which belong to the test part, and the classes' names."""

    pixels: Pixels
    y: npt.NDArray[np.int64]
    test: npt.NDArray[np.bool_]
    classes: list[str]


def read_set(images: Path, labels: Path, size: int = IMAGE_SIZE) -> LabelledSet:
    """A set from a CSV with filename, label and split (train, test), in images of size × size pixels."""
    with labels.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    classes = sorted({row["label"] for row in rows})
    pixels = [prepare(decode_rgb((images / r["filename"]).read_bytes(), MAX_PIXELS), size) for r in rows]
    y = np.array([classes.index(row["label"]) for row in rows])
    return LabelledSet(np.stack(pixels), y, np.array([row["split"] == "test" for row in rows]), classes)


def digits_set() -> LabelledSet:
    """scikit-learn's digits, 8 × 8 upscaled; a random third, always the same, is the test part."""
    from PIL import Image  # noqa: PLC0415
    from sklearn.datasets import load_digits  # noqa: PLC0415

    digits = load_digits()
    grey = (digits.images * (255 / 16)).astype(np.uint8)
    pixels = [prepare(Image.fromarray(image).convert("RGB"), IMAGE_SIZE) for image in grey]
    test = np.zeros(len(grey), np.bool_)
    test[np.random.default_rng(0).permutation(len(grey))[: len(grey) // 3]] = True
    return LabelledSet(np.stack(pixels), digits.target.astype(np.int64), test, [str(i) for i in range(10)])


def embed(space: Space, pixels: Pixels) -> Floats:
    """Unit vectors, (N, D), in the precision that the trainer keeps."""
    parts = [space.embed(pixels[i : i + BATCH]) for i in range(0, len(pixels), BATCH)]
    return np.concatenate(parts).astype(np.float16).astype(np.float32)


def accuracies(vectors: Floats, data: LabelledSet, count: int, draws: int) -> Floats:
    """Test accuracy of heads on `draws` random sets of `count` training images, (draws,)."""
    pool, test = np.flatnonzero(~data.test), np.flatnonzero(data.test)
    scores = []
    for draw in range(draws):
        rows = np.random.default_rng(draw).permutation(pool)[:count]
        head = fit_head(vectors[rows], data.y[rows], C)
        answers = head.classes[head.probabilities(vectors[test]).argmax(axis=1)]
        scores.append(float((answers == data.y[test]).mean()))
    return np.array(scores, np.float32)


def compare(spaces: dict[str, Floats], data: LabelledSet, draws: int) -> list[dict[str, Any]]:
    """One row per number of labels: mean accuracies, and the last kind of features less each other, with 95 %."""
    rows = []
    for count in LABELS:
        scores = {name: accuracies(vectors, data, count, draws) for name, vectors in spaces.items()}
        row: dict[str, Any] = {"labels": count} | {name: f"{s.mean():.3f}" for name, s in scores.items()}
        *others, last = scores
        for other in others:
            pairs = scores[last] - scores[other]
            half = student.ppf(0.975, draws - 1) * pairs.std(ddof=1) / np.sqrt(draws)
            row[f"{last} − {other}"] = f"{pairs.mean():+.3f} ± {half:.3f}"
        rows.append(row)
    return rows


def main(argv: list[str] | None = None) -> int:
    """Pretrain, embed, compare and print."""
    parser = parser_for("benchmarks.pretraining", __doc__)
    parser.add_argument("--images", type=Path, help="folder that the CSV's file names start from")
    parser.add_argument("--labels", type=Path, help="CSV with filename, label, split; without it scikit-learn's digits")
    parser.add_argument("--sample", type=int, default=10_000, help="images to pretrain on (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=320, help="batches of 256 (default: %(default)s)")
    parser.add_argument("--draws", type=int, default=20, help="random sets of labels (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of the pretraining (default: %(default)s)")
    parser.add_argument("--save", type=Path, metavar="F.npz", help="write the embeddings to this file")
    given = parser.parse_args(argv)
    if given.quick:
        given.sample, given.steps, given.draws = 1_000, 8, 5
    torch.set_num_threads(given.threads)
    data = digits_set() if given.labels is None else read_set(given.images, given.labels)
    train = data.pixels[np.random.default_rng(given.seed).permutation(np.flatnonzero(~data.test))]
    untrained = NetworkSpace(*small_cnn(train), torch.device("cpu"))
    clock, processor = time.perf_counter(), time.process_time()
    space = pretrain(train[: given.sample], given.steps, False, given.seed, lambda _: None)
    minutes = (time.perf_counter() - clock) / 60, (time.process_time() - processor) / 60
    spaces = {
        "pixels": embed(PixelSpace.fit(train[:FIT_ON]), data.pixels),
        "untrained": embed(untrained, data.pixels),
        "pretrained": embed(space, data.pixels),
    }
    rows = compare(spaces, data, given.draws)
    print_table(rows)
    print(f"pretraining: {minutes[0]:.1f} minutes, {minutes[1]:.1f} of one processor")
    if given.save:
        x = spaces["pretrained"].astype(np.float16)
        np.savez(given.save, x=x, y=data.y, test=data.test, classes=np.array(data.classes), px=data.pixels)
    write_json(
        given.json, {"rows": rows, "minutes": minutes, "steps": given.steps, "sample": min(given.sample, len(train))}
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
