"""When the slow loop begins a round. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.config import Slow

FEWEST_IMAGES: Final = 64  # below which there is nothing to learn from
PER_CLASS: Final = 5
FIRST_PAUSE_S: Final = 30.0
LONGEST_PAUSE_S: Final = 3600.0


class Kind(StrEnum):
    """What a round does."""

    PRETRAIN = "pretrain"
    TRAIN = "train"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a round would find. pretraining: whether it is needed and still missing. trained_on: labels of the last.

    repainted: whether masks have changed since.
    """

    images: int
    labels: int
    classes: int
    trained_on: int
    pretraining: bool
    repainted: bool = False


def due(standing: Standing, config: Slow) -> Kind | None:
    """What is to be trained now: without labels first, then whenever the labels have grown by config.growth, 1 or more.

    Other masks are worth a round too, where they count.
    """
    if standing.pretraining:
        return Kind.PRETRAIN if standing.images >= FEWEST_IMAGES else None
    again = 0.0 if standing.repainted and config.reasons != "off" else config.growth * standing.trained_on
    fewest = max(config.min_labels, PER_CLASS * standing.classes, again)
    return Kind.TRAIN if standing.classes > 1 and standing.labels >= fewest else None


def pause_s(failures: int) -> float:
    """Seconds to wait after so many failures in a row, at least one: half a minute, then twice as long each time."""
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (failures - 1))
