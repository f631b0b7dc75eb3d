"""What a query strategy is given and what it returns.

A strategy is a function `(Query) -> Selection`, pure but for the generator it is given. One's own is named in the
configuration as `package.module:function`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from shared.errors import ConfigError
from shared.messages import ReasonKind
from trainer.models.head import Head

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Rows(Protocol):
    """Embeddings that are read where they are needed; any (N, D) float32 array is one."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, positions: Integers, /) -> Floats:
        """The embeddings at `positions`, (k, D)."""


@dataclass(frozen=True, slots=True)
class Query:
    """The images that may be asked, at positions 0..N-1: unlabelled, of no hold-out, embedded.

    count: how many to choose. probs: (N, K), calibrated, each row sums to 1; K = 0 where nothing has been fitted yet.
    embeddings: N unit vectors. labelled: the M unit vectors of images that have a label. labels: the column of `probs`
    that each of them belongs to, (M,). asked: unit vectors of images that someone is looking at now; they count as
    selected. head: what gave `probs`, before any temperature; None where nothing has been fitted yet. c: the C that
    the head was fitted with.
    candidates, landmarks: how many images a strategy may look at closely, for strategies that compare pairs.
    uncertainty, passes, dropout: a name of trainer.uncertainty.UNCERTAINTIES, how many heads it is to draw, and the
    share of features that mc_dropout leaves out.
    """

    count: int
    probs: Floats
    embeddings: Rows
    labelled: Rows
    rng: np.random.Generator
    labels: Integers = field(default_factory=lambda: np.empty(0, np.int64))
    asked: Rows | None = None
    head: Head | None = None
    c: float = 30.0
    candidates: int = 1000
    landmarks: int = 2000
    uncertainty: str = "laplace"
    passes: int = 20
    dropout: float = 0.25

    def __len__(self) -> int:
        return len(self.embeddings)

    def selected(self) -> Floats:
        """The embeddings of what is labelled or being asked, (M + asked, D)."""
        parts = [rows[np.arange(len(rows))] for rows in (self.labelled, self.asked) if rows is not None]
        return np.concatenate(parts)


@dataclass(frozen=True, slots=True)
class Selection:
    """Distinct positions, best first, with a score (higher is asked first) and a reason for each."""

    positions: Integers
    scores: Doubles
    reasons: tuple[ReasonKind, ...]


Strategy = Callable[[Query], Selection]


def select(strategy: Strategy, query: Query) -> Selection:
    """Ask `strategy` and check what it says.

    Returns exactly min(count, N) distinct positions. Raises ValueError where probabilities, or embeddings that the
    strategy reads, are not finite; ConfigError where the strategy returns anything else.
    """
    if not np.isfinite(query.probs).all():
        raise ValueError("a class probability is NaN or infinite")
    wanted = max(0, min(query.count, len(query)))
    if wanted == 0:
        return Selection(np.empty(0, np.int64), np.empty(0), ())
    asked = None if query.asked is None else _Finite(query.asked)
    checked = replace(query, embeddings=_Finite(query.embeddings), labelled=_Finite(query.labelled), asked=asked)
    chosen = strategy(checked)
    _check(chosen, wanted, len(query))
    return chosen


@dataclass(frozen=True, slots=True)
class _Finite:
    """Rows that refuse NaN and infinity when they are read: to look at all before each query would take too long."""

    rows: Rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, positions: Integers) -> Floats:
        found = self.rows[positions]
        if not np.isfinite(found).all():
            raise ValueError("an embedding is NaN or infinite")
        return found


def _check(chosen: object, wanted: int, available: int) -> None:
    if not isinstance(chosen, Selection):
        raise ConfigError(f"the strategy returned {type(chosen).__name__}; expected a trainer.strategies.Selection")
    positions = np.asarray(chosen.positions)
    distinct = np.unique(positions)
    inside = len(distinct) == 0 or (distinct[0] >= 0 and distinct[-1] < available)
    if len(positions) != wanted or len(distinct) != wanted or not inside:
        raise ConfigError(
            f"the strategy returned {len(positions)} positions, {len(distinct)} of them distinct; "
            f"expected {wanted} distinct ones from 0 to {available - 1}"
        )
    if len(chosen.scores) != wanted or len(chosen.reasons) != wanted or not np.isfinite(chosen.scores).all():
        raise ConfigError(f"the strategy returned scores or reasons that do not fit; expected {wanted} finite scores")
