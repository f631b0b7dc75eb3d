"""What keeping the embeddings in half precision costs: the same head, fitted and tested on float32 and on float16."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from statistics import mean

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.table import print_table
from shared.config import Model
from shared.images import decode_rgb
from trainer.models.choose import choose_space
from trainer.models.head import fit_head
from trainer.models.space import Space, prepare

MAX_PIXELS = 100_000_000
BATCH = 8
Vectors = npt.NDArray[np.float32]


def embed(space: Space, images: Path, names: list[str]) -> Vectors:
    """Unit vectors of the named files, (N, D) float32."""
    size = space.info.image_size
    parts = []
    for start in range(0, len(names), BATCH):
        pixels = [
            prepare(decode_rgb((images / n).read_bytes(), MAX_PIXELS), size) for n in names[start : start + BATCH]
        ]
        parts.append(space.embed(np.stack(pixels)))
    return np.concatenate(parts)


def accuracy(train: Vectors, y: npt.NDArray[np.int64], test: Vectors, truth: npt.NDArray[np.int64]) -> float:
    """Test accuracy of a head fitted on `train`."""
    head = fit_head(train, y, 30.0)
    return float((head.classes[head.probabilities(test).argmax(axis=1)] == truth).mean())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.half_precision", description=__doc__)
    parser.add_argument("--images", type=Path, required=True, help="folder that the CSV's file names start from")
    parser.add_argument("--labels", type=Path, required=True, help="CSV with filename, label and split (train, test)")
    parser.add_argument("--weights", required=True, help="weights file, or `default`")
    parser.add_argument("--seeds", type=int, default=10, help="random training sets (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    with options.labels.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    space = choose_space(Model(weights=options.weights), torch.device("cpu"))
    if space is None:
        sys.exit("half_precision needs pretrained weights: give --weights FILE")
    vectors = embed(space, options.images, [row["filename"] for row in rows])
    classes = sorted({row["label"] for row in rows})
    y = np.array([classes.index(row["label"]) for row in rows])
    is_test = np.array([row["split"] == "test" for row in rows])
    results = compare(vectors, y, is_test, options.seeds)
    print_table(results)
    if options.json:
        options.json.write_text(json.dumps(results) + "\n")


def compare(
    vectors: Vectors, y: npt.NDArray[np.int64], is_test: npt.NDArray[np.bool_], seeds: int
) -> list[dict[str, str]]:
    """Mean test accuracy over `seeds` random training sets, in both precisions, on the same sets."""
    halved = vectors.astype(np.float16).astype(np.float32)
    pool, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    results = []
    for count in (20, 50, 100, 500):
        chosen = [np.random.default_rng(seed).permutation(pool)[:count] for seed in range(seeds)]
        full, half = ([accuracy(v[rows], y[rows], v[test], y[test]) for rows in chosen] for v in (vectors, halved))
        pairs = [b - a for a, b in zip(full, half, strict=True)]
        figures = {"float32": f"{mean(full):.4f}", "float16": f"{mean(half):.4f}", "difference": f"{mean(pairs):+.4f}"}
        results.append({"labels": f"{count}", **figures})
    return results


if __name__ == "__main__":
    main()
