"""A pool of any size without its images: catalogue and embeddings are written as the services would have left them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import nn
from torchvision.models import mobilenet_v2

from benchmarks.annotator import Truth
from labeler import create_app
from labeler.database import Database
from labeler.examination import Finding
from shared.config import load_config
from shared.images import content_hash
from shared.tokens import trainer_token
from trainer.models.choose import choose_space
from trainer.vectors import VectorFile

DIM = "BENCHMARK_DIM"
HEAVY = "BENCHMARK_HEAVY"
FACTORY = "benchmarks.synthetic:features"
PER_FOLDER = 1_000
LINKS_PER_FILE = 30_000
CHUNK = 2_000
SPREAD = 4.0  # of the noise, in units of the class means' length: classes overlap, so that there is a choice to make

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SyntheticPool:
    """Names, contents and classes of the images of a pool; paths are relative to the image folder."""

    paths: Sequence[str]
    hashes: Sequence[bytes]
    classes: npt.NDArray[np.int64]

    def truth(self) -> Truth:
        """The known labels, for an annotator."""
        return Truth([(path, f"class {c}") for path, c in zip(self.paths, self.classes, strict=True)])


def draw_pool(count: int, classes: int, rng: np.random.Generator) -> SyntheticPool:
    """A pool of `count` images with random contents and classes."""
    paths = [f"pool/{i // PER_FOLDER:04d}/{i:07d}.png" for i in range(count)]
    return SyntheticPool(paths, [rng.bytes(16) for _ in range(count)], rng.integers(classes, size=count))


def write_catalogue(pool: SyntheticPool, images: Path, data: Path) -> None:
    """Make a labeler's database that knows the pool's images as different ones, and missing files, all the same.

    The labeler believes the database as long as a file's size and time are unchanged, so it reads none of them.
    """
    _make_links([images / path for path in pool.paths])
    data.mkdir(parents=True, exist_ok=True)
    database = Database(data / "labelstream.db")
    config = load_config(environ={}, flags={"paths.images": images, "paths.data": data})
    catalog = create_app(config, database, trainer_token(data)).catalog
    findings = list(_findings(pool, images))
    for start in range(0, len(findings), CHUNK):
        catalog.progress(len(findings), start, False)
        catalog.found(findings[start : start + CHUNK])
    database.close()


def write_pool(pool: SyntheticPool, images: Path, rng: np.random.Generator) -> SyntheticPool:
    """Give every image of `pool` a tiny file with content of its own, and the pool the contents' hashes."""
    an_hour_ago, hashes = time.time() - 3600, []
    for path in (images / path for path in pool.paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(path)
        os.utime(path, (an_hour_ago, an_hour_ago))
        hashes.append(bytes.fromhex(content_hash(path.read_bytes())))
    return SyntheticPool(pool.paths, hashes, pool.classes)


def _make_links(paths: Sequence[Path]) -> None:
    an_hour_ago = time.time() - 3600
    for i, path in enumerate(path for path in paths if not path.exists()):
        path.parent.mkdir(parents=True, exist_ok=True)
        if i % LINKS_PER_FILE == 0:
            Image.new("RGB", (8, 8), "grey").save(path)
            os.utime(path, (an_hour_ago, an_hour_ago))
            first = path
        else:
            path.hardlink_to(first)


def _findings(pool: SyntheticPool, images: Path) -> Iterator[Finding]:
    for path, digest in zip(pool.paths, pool.hashes, strict=True):
        info = (images / path).stat()
        yield Finding(path.encode(), info.st_size, info.st_mtime_ns, digest.hex(), 8, 8, "")


def write_embeddings(pool: SyntheticPool, dim: int, data: Path, rng: np.random.Generator, heavy: bool) -> None:
    """Put an embedding for every image where the trainer keeps them: Gaussian classes, projected on the sphere."""
    os.environ.update(trainer_environ(dim, heavy))
    config = load_config(environ={}, flags={"model.factory": FACTORY})
    space = choose_space(config.model, torch.device("cpu"))
    if space is None:
        raise RuntimeError(f"{FACTORY} gave no embedding space")
    vectors = VectorFile(data / "embeddings" / space.id, dim)
    means = rng.standard_normal((int(pool.classes.max()) + 1, dim), dtype=np.float32)
    for start in range(0, len(pool.hashes), CHUNK):
        part = slice(start, start + CHUNK)
        x = means[pool.classes[part]] + SPREAD * rng.standard_normal((len(pool.hashes[part]), dim), dtype=np.float32)
        vectors.append(pool.hashes[part], x / np.linalg.norm(x, axis=1, keepdims=True))


def trainer_environ(dim: int, heavy: bool) -> Mapping[str, str]:
    """The variables by which `features` knows what to be in the trainer's process."""
    return {DIM: str(dim), HEAVY: "1" if heavy else ""}


def features() -> nn.Module:
    """`model.factory`: a network with as many features as the environment says, as heavy as MobileNetV2 or trivial."""
    dim = int(os.environ[DIM])
    torch.manual_seed(0)
    if os.environ.get(HEAVY):
        trunk: list[nn.Module] = [mobilenet_v2(weights=None).features, nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        return nn.Sequential(*trunk, nn.Linear(1280, dim))
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, dim))


def write_photos(count: int, folder: Path, rng: np.random.Generator, size: tuple[int, int] = (224, 224)) -> None:
    """Real image files with content of their own, JPEG of width × height `size`, for a trainer to read."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        small = Image.fromarray(rng.integers(0, 256, (14, 14, 3), dtype=np.uint8))
        small.resize(size, Image.Resampling.BICUBIC).save(folder / f"{i:06d}.jpg", quality=90)
