from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.analysis.pace import per_minute


def test_minutes_are_merged_when_there_are_many() -> None:
    starts, rates, width = per_minute({100: 4, 101: 2, 105: 6}, 3)
    assert (starts, rates, width) == ([6000.0, 6120.0, 6240.0], [3.0, 0.0, 3.0], 120.0)
    assert per_minute({}) == ([], [], 60.0)
    assert per_minute({7: 5}) == ([420.0], [5.0], 60.0)


@given(st.dictionaries(st.integers(0, 5000), st.integers(1, 50), min_size=1), st.integers(1, 300))
def test_no_label_is_lost(counts: dict[int, int], most: int) -> None:
    starts, rates, width = per_minute(counts, most)
    assert len(starts) == len(rates) <= most
    assert sum(rates) * width / 60 == pytest.approx(sum(counts.values()))
