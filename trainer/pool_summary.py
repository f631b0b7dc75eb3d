"""What the scores of the unlabelled pool amount to, for the dashboard. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from shared.messages import PoolSummary

BINS: Final = 20
MOST_CLASSES: Final = 100
MOST_IMAGES: Final = 20_000  # of more, every n-th is looked at; a share is then right to .4 points


def summarise(probs: npt.NDArray[np.float32], classes: npt.NDArray[np.int64]) -> PoolSummary | None:
    """Predicted class shares and the distribution of uncertainty; None without a model or without an image.

    probs: (N, K), rows sum to 1. classes: (K,) class numbers of the columns.
    """
    if not probs.size:
        return None
    probs = probs[:: -(-len(probs) // MOST_IMAGES)]
    counts = np.bincount(probs.argmax(axis=1), minlength=len(classes))
    doubt = np.clip((1 - probs.max(axis=1)) * BINS, 0, BINS - 1).astype(np.int64)
    frequent = np.argsort(-counts, kind="stable")[:MOST_CLASSES]
    return PoolSummary(
        scored=len(probs),
        shares=[(int(classes[k]), float(counts[k] / len(probs))) for k in frequent if counts[k]],
        uncertainty=np.bincount(doubt, minlength=BINS).tolist(),
    )
