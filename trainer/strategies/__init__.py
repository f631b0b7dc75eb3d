"""Query strategies: which images to ask next."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from shared.errors import ConfigError
from trainer.plugins import load_function
from trainer.strategies.badge import badge
from trainer.strategies.bait import bait
from trainer.strategies.bald import bald
from trainer.strategies.base import Query, Rows, Selection, Strategy, select
from trainer.strategies.coreset import coreset
from trainer.strategies.dropquery import dropquery
from trainer.strategies.entropy import entropy
from trainer.strategies.explore import explore
from trainer.strategies.herding import herding
from trainer.strategies.least import least
from trainer.strategies.margin import margin
from trainer.strategies.mixture import mixture, mixture_of
from trainer.strategies.random import random
from trainer.strategies.ratio import ratio
from trainer.strategies.typiclust import typiclust
from trainer.strategies.uherding import uherding
from trainer.strategies.vae import vae, vae_of

__all__ = ["STRATEGIES", "Query", "Rows", "Selection", "Strategy", "explore", "find_strategy", "select"]

STRATEGIES: Final[dict[str, Strategy]] = {
    "random": random,
    "least": least,
    "margin": margin,
    "ratio": ratio,
    "entropy": entropy,
    "bald": bald,
    "vae": vae,
    "mixture": mixture,
    "coreset": coreset,
    "badge": badge,
    "typiclust": typiclust,
    "dropquery": dropquery,
    "bait": bait,
    "herding": herding,
    "uherding": uherding,
}

TRAINED: Final[dict[str, Callable[[int], Strategy]]] = {"vae": vae_of, "mixture": mixture_of}
MOST_EPOCHS: Final = 10_000


def find_strategy(name: str) -> Strategy:
    """The strategy of the table, or one's own as `package.module:function`.

    A number after the name of one that is trained is its epochs: `vae100`, `mixture50`. Raises ConfigError.
    """
    trained = re.fullmatch(rf"({'|'.join(TRAINED)})(\d+)", name, re.ASCII)
    if trained:
        return TRAINED[trained[1]](_epochs(trained[2], name))
    if name in STRATEGIES:
        return STRATEGIES[name]
    return load_function(name, "strategy", STRATEGIES, takes=(Query,), returns=Selection)


def _epochs(digits: str, name: str) -> int:
    epochs = int(digits) if len(digits) < 9 else MOST_EPOCHS + 1
    if not 1 <= epochs <= MOST_EPOCHS:
        raise ConfigError(f"strategy {name!r} asks for {digits} epochs; expected 1 to {MOST_EPOCHS}")
    return epochs
