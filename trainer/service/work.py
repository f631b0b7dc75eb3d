"""What a job does, as a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Answer = dict[str, Any]
Advance = Callable[[float], None]  # told the share that is done, 0 to 1; raises where the job was cancelled
Work = Callable[[Advance], Answer]


def stretch(advance: Advance, low: float, high: float) -> Advance:
    """`advance` for a part of the work, which goes from `low` to `high` of the whole."""
    return lambda share: advance(low + (high - low) * share)
