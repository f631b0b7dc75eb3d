"""Query strategies: which images to ask next."""

from __future__ import annotations

from typing import Final

from trainer.plugins import load_function
from trainer.strategies.base import Query, Rows, Selection, Strategy, select
from trainer.strategies.entropy import entropy
from trainer.strategies.explore import explore
from trainer.strategies.herding import herding
from trainer.strategies.least import least
from trainer.strategies.margin import margin
from trainer.strategies.random import random
from trainer.strategies.ratio import ratio
from trainer.strategies.uherding import uherding

__all__ = ["STRATEGIES", "Query", "Rows", "Selection", "Strategy", "explore", "find_strategy", "select"]

STRATEGIES: Final[dict[str, Strategy]] = {
    "random": random,
    "least": least,
    "margin": margin,
    "ratio": ratio,
    "entropy": entropy,
    "herding": herding,
    "uherding": uherding,
}


def find_strategy(name: str) -> Strategy:
    """The strategy of the table, or one's own as `package.module:function`. Raises ConfigError."""
    return STRATEGIES[name] if name in STRATEGIES else load_function(name, "strategy", STRATEGIES)
