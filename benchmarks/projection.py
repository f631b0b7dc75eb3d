"""How well ways onto a plane keep images that are alike together, what they take, and how much the landmark form loses.

Each way runs in a process of its own, from the same 50 principal components, on one thread where the library lets it.
`tsne` is what the trainer draws; a number after the name (`tsne-5000`) is that of its landmarks, `mean-5000` puts the
others at the mean of five neighbours instead. `umap`, `opentsne` and `pacmap` need these packages.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.manifold import trustworthiness
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from benchmarks.labelled_set import LabelledSet, read_arrays, read_digits
from benchmarks.memory import peak
from benchmarks.table import parser_for, print_table, write_json
from trainer.projection import PROJECTIONS
from trainer.projection.near import place_near
from trainer.projection.tsne import FIRST_SPREAD, embed_neighbours

Floats = npt.NDArray[np.float32]
Lay = Callable[[Floats, int], Floats]

NEIGHBOURS: Final = 15
JUDGED: Final = 4_000  # images, of which the trustworthiness is computed
WAYS: Final = ("pca", "tsne", "opentsne", "umap", "pacmap")


def components(x: Floats) -> Floats:
    """The 50 principal components, (n, D) → (n, 50)."""
    centred = x - x.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    return np.ascontiguousarray(centred @ axes[:, ::-1][:, : PROJECTIONS["tsne"].components])


def pca(codes: Floats, seed: int) -> Floats:
    """The first two components."""
    return codes[:, :2]


def tsne(codes: Floats, seed: int) -> Floats:
    """scikit-learn's, as the trainer uses it."""
    return embed_neighbours(codes, seed, lambda _share: None)


def opentsne(codes: Floats, seed: int) -> Floats:
    """Interpolation instead of Barnes-Hut [Linderman 2019]."""
    import openTSNE  # noqa: PLC0415 - not installed with the project

    first = codes[:, :2] * (FIRST_SPREAD / codes[:, 0].std())
    model = openTSNE.TSNE(initialization=first.astype(np.float64), n_jobs=1, random_state=seed)
    return np.asarray(model.fit(codes), np.float32)


def umap(codes: Floats, seed: int) -> Floats:
    """UMAP [McInnes 2018]."""
    import umap as library  # noqa: PLC0415 - not installed with the project

    return np.asarray(library.UMAP(random_state=seed, n_jobs=1).fit_transform(codes), np.float32)


def pacmap(codes: Floats, seed: int) -> Floats:
    """PaCMAP [Wang 2021]."""
    import pacmap as library  # noqa: PLC0415 - not installed with the project

    return np.asarray(library.PaCMAP(random_state=seed).fit_transform(codes, init="pca"), np.float32)


def by_landmarks(count: int, place: Callable[[Floats, Floats, Floats], Floats]) -> Lay:
    """t-SNE of `count` images; the others are placed by `place`."""

    def lay(codes: Floats, seed: int) -> Floats:
        landmarks = np.random.default_rng(seed).permutation(len(codes))[:count]
        laid_out = tsne(codes[landmarks], seed)
        places = place(codes, codes[landmarks], laid_out)
        places[landmarks] = laid_out
        return places

    return lay


def beside(codes: Floats, anchors: Floats, places: Floats) -> Floats:
    """As the trainer does."""
    return place_near(codes, anchors, places, lambda _share: None)


def between(codes: Floats, anchors: Floats, places: Floats) -> Floats:
    """The mean of five neighbours, weighted by the inverse of their distance."""
    return np.asarray(KNeighborsRegressor(5, weights="distance").fit(anchors, places).predict(codes), np.float32)


def way(name: str) -> Lay:
    """The function that `name` stands for. Raises KeyError."""
    known: dict[str, Lay] = {"pca": pca, "tsne": tsne, "opentsne": opentsne, "umap": umap, "pacmap": pacmap}
    kind, _, landmarks = name.partition("-")
    if landmarks:
        return by_landmarks(int(landmarks), {"tsne": beside, "mean": between}[kind])
    return known[name]


def measure(source: LabelledSet, name: str, seed: int) -> dict[str, Any]:
    """Seconds, memory, and what is kept together, of one way; to be called in a process of its own."""
    codes = components(source.x.astype(np.float32))
    with peak() as memory:
        start = time.perf_counter()
        places = way(name)(codes, seed)
        seconds = time.perf_counter() - start
    judged = np.random.default_rng(seed).permutation(len(codes))[:JUDGED]
    classifier = KNeighborsClassifier(NEIGHBOURS)
    return {
        "set": source.name,
        "images": len(codes),
        "way": name,
        "seconds": seconds,
        "mb": memory.added_mb,
        "trustworthiness": float(trustworthiness(source.x[judged].astype(np.float32), places[judged], n_neighbors=15)),
        "neighbours_right": float(cross_val_score(classifier, places, source.y, cv=5).mean()),
    }


def main(argv: list[str] | None = None) -> int:
    """Measure every way on every set, print."""
    options = _options(argv)
    sets = [read_arrays(path) for path in options.embeddings] or [read_digits()]
    figures = []
    for source in sets:
        for name in options.ways:
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, context) as worker:
                try:
                    figures.append(worker.submit(measure, source, name, options.seed).result())
                except ImportError as error:
                    print(f"{name} is left out: {error}", file=sys.stderr)
                    continue
            print(figures[-1], file=sys.stderr, flush=True)
    print_table([row(found) for found in figures])
    write_json(options.json, figures)
    return 0


def row(found: dict[str, Any]) -> dict[str, str]:
    """A line of the table."""
    return {
        "set": f"{found['set']}, {found['images']:,}",
        "way": found["way"],
        "trustworthiness": f"{found['trustworthiness']:.3f}",
        "15 neighbours vote right": f"{found['neighbours_right']:.3f}",
        "seconds": f"{found['seconds']:.1f}",
        "added MB": f"{found['mb']:.0f}",
    }


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = parser_for("benchmarks.projection", __doc__)
    parser.add_argument(
        "--embeddings", type=Path, nargs="+", default=[], metavar="F", help=".npz files (default: digits)"
    )
    parser.add_argument(
        "--ways", type=lambda text: text.split(","), default=list(WAYS), help=f"default: {','.join(WAYS)}"
    )
    options = parser.parse_args(argv)
    if options.quick:
        options.ways = ["pca", "tsne", "tsne-500"]
    return options


if __name__ == "__main__":
    sys.exit(main())
