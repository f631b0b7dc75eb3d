"""What becomes of a prediction when the pixels that a map points to are removed, or are all that is left.

Pixels are taken in the order of a map, most salient first. Deletion replaces them by the image's mean colour; insertion
begins with a blurred image and puts them back [Petsiuk 2018]. What insertion keeps is also the pixel-share curve: how
sure and how right the model is with that share of the pixels sharp.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from trainer.models.space import Pixels

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Predict = Callable[[Pixels], Floats]

SHARES: Final = (0.0, 0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95, 1.0)
BLUR: Final = 0.1  # radius, as a share of the side


@dataclass(frozen=True, slots=True)
class Curves:
    """At each of SHARES: probability of the explained class after deletion and after insertion; with insertion, the
    entropy of the prediction, of the most there can be, and whether the true class is the likeliest."""

    deletion: Floats
    insertion: Floats
    entropy: Floats
    right: Floats

    @property
    def areas(self) -> tuple[float, float]:
        """Below deletion, where less is better, and below insertion, where more is."""
        return area(self.deletion), area(self.insertion)


def curves(predict: Predict, pixels: Pixels, saliency: Floats, column: int, truth: int) -> Curves:
    """Those of one prepared image, (S, S, 3), and its map, (S, S). predict: (N, S, S, 3) → (N, K), rows sum to 1.

    column: the class that the map explains; truth: that which it is; both as columns of the probabilities.
    """
    order = ranks(saliency)
    flat = np.broadcast_to(pixels.mean((0, 1)).round().astype(np.uint8), pixels.shape)
    fuzzy = blurred(pixels)
    deleted = predict(np.stack([mixed(flat, pixels, order, share) for share in SHARES]))
    kept = predict(np.stack([mixed(pixels, fuzzy, order, share) for share in SHARES]))
    entropy = -(kept * np.log(np.maximum(kept, 1e-12))).sum(1) / np.log(kept.shape[1])
    right = (kept.argmax(1) == truth).astype(np.float32)
    return Curves(deleted[:, column], kept[:, column], entropy.astype(np.float32), right)


def ranks(saliency: Floats) -> Integers:
    """The place of each pixel in the order of the map, most salient 0, (S, S); ties in a fixed random order."""
    mixed_up = np.random.default_rng(0).permutation(saliency.size)
    order = mixed_up[np.argsort(-saliency.ravel()[mixed_up], kind="stable")]
    places = np.empty(saliency.size, np.int64)
    places[order] = np.arange(saliency.size)
    return places.reshape(saliency.shape)


def mixed(first: Pixels, rest: Pixels, order: Integers, share: float) -> Pixels:
    """`first` at the `share` of pixels with the lowest order, `rest` elsewhere."""
    return np.where((order < round(share * order.size))[:, :, None], first, rest).astype(np.uint8)


def blurred(pixels: Pixels) -> Pixels:
    """The image out of focus, by BLUR of its side."""
    radius = BLUR * len(pixels)
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)), np.uint8)


def area(values: Floats) -> float:
    """Below a curve over SHARES."""
    return float(np.trapezoid(values, SHARES))
