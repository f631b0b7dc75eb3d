from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from labeler.history import FEWEST, LIMIT, MOST_VALUES, History


@given(st.integers(0, 500), st.integers(2, 40))
def test_the_selection_is_small_even_and_ends_with_the_newest(count: int, limit: int) -> None:
    history = History(({"seq": i} for i in range(count)), limit)
    seqs = [row["seq"] for row in history.rows()]
    assert len(seqs) <= limit + 1
    assert seqs == sorted(set(seqs))
    if count:
        assert (seqs[0], seqs[-1]) == (0, count - 1)
        gaps = [b - a for a, b in itertools.pairwise(seqs)]
        assert len(set(gaps[:-1])) <= 1
    if count <= limit:
        assert seqs == list(range(count))


@given(st.integers(1, 1000), st.integers(1, 1500))
def test_many_classes_leave_room_for_fewer_evaluations(metrics: int, count: int) -> None:
    row = {"metrics": dict.fromkeys(map(str, range(metrics)), 0)}
    kept = len(History(dict(row) for _ in range(count)).rows())
    assert kept <= LIMIT + 1
    assert kept * metrics <= MOST_VALUES + metrics or kept <= FEWEST + 1
    assert kept >= min(count, FEWEST // 2)
