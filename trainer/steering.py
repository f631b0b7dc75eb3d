"""The configuration in force: what the trainer was started with, and what people have changed since."""

from __future__ import annotations

import logging

from shared.config import Config, Train
from shared.steering import Steering, sound, steered

log = logging.getLogger(__name__)


def in_force(base: Config, steering: Steering) -> Config:
    """`base` with the settings of the labeler; what this release cannot use is left out with a warning."""
    overrides, dropped = sound(base, steering.overrides)
    for sentence in dropped:
        log.warning("a setting is left as it is: %s", sentence)
    return steered(base, overrides)


def fits_otherwise(before: Train, after: Train) -> bool:
    """Whether a head is another one with the same labels, so that its temperature is due again."""
    return (before.C, before.class_balanced, before.class_weights, before.costs) != (
        after.C,
        after.class_balanced,
        after.class_weights,
        after.costs,
    )
