from __future__ import annotations

from collections.abc import Callable

import pytest

from trainer.timings import Timings


def test_the_last_time_and_how_often(clock: Callable[[], float]) -> None:
    timings = Timings(clock)
    for _ in range(3):
        with timings.of("fit"):
            pass
    with timings.of("rank"):
        clock()
    assert timings.counts == {"fit": 3, "rank": 1}
    assert timings.seconds == {"fit": 1.0, "rank": 2.0}


def test_what_fails_does_not_count(clock: Callable[[], float]) -> None:
    timings = Timings(clock)
    with pytest.raises(KeyError), timings.of("fit"):
        raise KeyError
    assert not timings.counts
