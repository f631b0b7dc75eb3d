"""Versions of the model, as trainer and labeler tell each other of them."""

from __future__ import annotations

import base64
import binascii
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from shared.messages import MetricValue
from shared.wire import Message, Number

Floats = npt.NDArray[np.float32]
STORED: Final = np.dtype("<f2")


class VersionReport(Message):
    """One version of the model and what it says about every labelled hold-out image.

    kept: whether the trainer keeps its weights; else it is the present one, and the next replaces it. labels: training
    labels. space: the embedding space its head is for. settings: revision of the settings it was trained with.
    images and classes: numbers, n and K of them. probs: (n, K) calibrated probabilities, see `pack_probs`. said: n
    class numbers where costs of mistakes decide what the model says; else empty, and it says the likeliest.
    """

    epoch: Number
    version: Number
    based_on_seq: Number
    labels: Number
    space: str
    settings: Number = 0
    kept: bool
    metrics: dict[str, MetricValue]
    images: list[Number]
    classes: list[Number]
    probs: str
    said: list[Number] = Field(default_factory=list)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        expected = len(self.images) * len(self.classes) * STORED.itemsize
        try:
            found = len(base64.b64decode(self.probs, validate=True))
        except binascii.Error as error:
            raise ValueError(f"probs is not base64: {error}") from error
        if found != expected:
            raise ValueError(f"probs has {found} bytes, expected {expected}: one half-precision number per probability")
        if len(self.said) not in {0, len(self.images)}:
            raise ValueError(f"said names {len(self.said)} classes, expected one for each of {len(self.images)} images")
        return self


class VersionsKept(Message):
    """The versions whose weights the trainer has now; all others have been thinned out."""

    epoch: Number
    versions: list[Number] = Field(max_length=10_000)


def pack_probs(probs: Floats) -> str:
    """Probabilities in half precision, row by row, as base64."""
    return base64.b64encode(np.ascontiguousarray(probs, STORED).tobytes()).decode("ascii")


def as_kept(probs: Floats) -> Floats:
    """Probabilities as they are after `pack_probs` and `unpack_probs`, so that both services judge the same numbers."""
    return probs.astype(STORED).astype(np.float32)


def unpack_probs(packed: str, classes: int) -> Floats:
    """What `pack_probs` packed, (n, classes)."""
    return np.frombuffer(base64.b64decode(packed), STORED).reshape(-1, classes).astype(np.float32)
