"""Images per second of the network alone and of the whole embedder; run by benchmarks.embed_throughput."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import torch

from shared.config import Model
from shared.images import content_hash, decode_rgb, is_candidate, path_hash
from trainer.embedder import Embedder
from trainer.labeler_http import PoolPage, PoolRow
from trainer.loading import Loader
from trainer.models.backbone import cut_classifier, torchvision_network
from trainer.models.choose import choose_space
from trainer.models.space import Pixels, Space, prepare
from trainer.pool import Pool
from trainer.progress import Progress

BATCHES: Final = (8, 16, 32, 64)
MAX_PIXELS: Final = 100_000_000
NICENESS: Final = 15  # the embedder's, so that other load on the machine slows both alike


class Listing:
    """A folder as the labeler would list it."""

    def __init__(self, root: Path, limit: int) -> None:
        paths = sorted(path for path in root.rglob("*") if is_candidate(path.name))[:limit]
        self.rows = [
            PoolRow(
                number=number,
                image_id=path_hash(os.fsencode(path.relative_to(root))),
                content_hash=content_hash(path.read_bytes()),
                lane="train",
                path=str(path.relative_to(root)),
                change=number + 1,
            )
            for number, path in enumerate(paths)
        ]

    def pool(self, after: int) -> PoolPage:
        """The rows after `after`."""
        return PoolPage(images=[row for row in self.rows if row.change > after], last=len(self.rows))

    def image(self, image_id: str) -> bytes | None:
        """No image is anywhere but in the folder."""
        return None


def plain(space: Space, pixels: Pixels, batch: int) -> float:
    """Images per second of the network alone."""
    start = time.perf_counter()
    for i in range(0, len(pixels), batch):
        space.embed(pixels[i : i + batch])
    return len(pixels) / (time.perf_counter() - start)


def as_given(backbone: str, size: int, batch: int, count: int) -> float:
    """Images per second of the network as torchvision gives it, batch normalisation not folded."""
    network = cut_classifier(torchvision_network(backbone)).eval().to(memory_format=torch.channels_last)
    pixels = torch.zeros(batch, 3, size, size).contiguous(memory_format=torch.channels_last)
    start = time.perf_counter()
    with torch.inference_mode():
        for _ in range(0, count, batch):
            network(pixels)
    return count / (time.perf_counter() - start)


def whole(space: Space, root: Path, listing: Listing, batch: int) -> float:
    """Images per second of the embedder: reading, hashing, decoding, network, writing."""

    pool = Pool()
    with tempfile.TemporaryDirectory() as folder:
        loader = Loader(root, listing, MAX_PIXELS)
        embedder = Embedder(pool, space, loader, Path(folder), batch, Progress(io.StringIO()))
        start = time.perf_counter()
        embedder.start()
        while pool.counts().embedded < pool.counts().images or not embedder.listed:
            time.sleep(0.005)
        seconds = time.perf_counter() - start
        embedder.close()
    return pool.counts().images / seconds


def measure(options: Any) -> dict[str, Any]:
    """Run both in turns. Returns the medians and their ratio."""
    os.nice(NICENESS)

    torch.set_num_threads(options.threads)
    model = Model(backbone=options.backbone, weights=options.weights, image_size=options.image_size)
    space = choose_space(model, torch.device("cpu"))
    if space is None:
        sys.exit("embed_throughput needs pretrained weights: give --weights FILE")
    listing = Listing(options.images, options.limit)
    size = space.info.image_size
    pixels = np.stack(
        [prepare(decode_rgb((options.images / r.path).read_bytes(), MAX_PIXELS, size), size) for r in listing.rows]
    )
    speeds = {batch: plain(space, pixels[: 4 * batch], batch) for batch in BATCHES}
    best = max(speeds, key=speeds.__getitem__)
    as_given_speeds = {batch: as_given(options.backbone, size, batch, 4 * batch) for batch in BATCHES}
    best_as_given = max(as_given_speeds, key=as_given_speeds.__getitem__)
    rounds = [
        (
            plain(space, pixels, best),
            whole(space, options.images, listing, options.batch),
            as_given(options.backbone, size, best_as_given, len(pixels)),
        )
        for _ in range(options.rounds)
    ]
    forward, embedder, given = (median(r[k] for r in rounds) for k in range(3))
    return {
        "images": len(pixels),
        "backbone": space.info.name,
        "image_size": size,
        "threads": options.threads,
        "best_batch": best_as_given,
        "forward_per_s": forward,
        "as_given_per_s": given,
        "embedder_per_s": embedder,
        "ratio": embedder / given,
        "ratio_to_fused": embedder / forward,
        "rounds": rounds,
    }
