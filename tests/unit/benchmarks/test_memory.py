from __future__ import annotations

import numpy as np
import pytest

from benchmarks.memory import peak


@pytest.mark.linux
def test_the_peak_counts_what_is_given_back_meanwhile() -> None:
    for _ in range(2):
        with peak() as memory:
            np.ones(10_000_000).sum()
        assert 60 < memory.added_mb < 200


def test_no_memory_adds_next_to_nothing() -> None:
    with peak() as memory:
        pass
    assert 0 <= memory.added_mb < 20
