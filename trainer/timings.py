"""How long the parts of the loop take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Timings:
    """For each part: how often it was done, and the seconds of the last time. clock: seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.counts: Counter[str] = Counter()
        self.seconds: dict[str, float] = {}
        self._clock = clock

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        """Time what happens within; what ends with an exception does not count."""
        start = self._clock()
        yield
        self.seconds[part] = self._clock() - start
        self.counts[part] += 1
