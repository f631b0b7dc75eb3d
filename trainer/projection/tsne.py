"""t-SNE of a few thousand images [van der Maaten & Hinton 2008], by scikit-learn's Barnes-Hut approximation."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.manifold import TSNE

Floats = npt.NDArray[np.float32]

PERPLEXITY: Final = 30.0  # the number of neighbours that count, roughly
STEPS: Final = 1_000
FIRST_SPREAD: Final = 1e-4  # of the places that it starts from, as its authors do
TOLD: Final = re.compile(r"Iteration (\d+)")
FEWEST: Final = 4  # images; fewer lie as their components say


def embed_neighbours(codes: Floats, seed: int, report: Callable[[float], None]) -> Floats:
    """Places in which near neighbours stay near, (n, d) → (n, 2).

    codes: principal components, the largest first; the map starts from the first two, so that the whole keeps its
    shape [Kobak & Berens 2019]. report: is told the share done.
    """
    spread = float(codes[:, 0].std()) if len(codes) else 0.0
    if len(codes) < FEWEST or spread == 0.0:
        return np.ascontiguousarray(codes[:, :2])
    model = TSNE(
        perplexity=min(PERPLEXITY, (len(codes) - 1) / 3),
        init=codes[:, :2] * (FIRST_SPREAD / spread),
        max_iter=STEPS,
        random_state=seed,
        n_jobs=1,
        verbose=2,
    )
    with contextlib.redirect_stdout(_Listener(report)):
        places: Floats = model.fit_transform(codes)
    return places


class _Listener(io.TextIOBase):
    """Reads from what scikit-learn prints how far it is: it offers no other way."""

    def __init__(self, report: Callable[[float], None]) -> None:
        self._report = report

    def write(self, text: str) -> int:
        found = TOLD.search(text)
        if found:
            self._report(min(1.0, int(found[1]) / STEPS))
        return len(text)
