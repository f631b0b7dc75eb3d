from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer.columns import Column, TextColumn


def test_new_places_hold_the_fill_and_old_ones_stay() -> None:
    column = Column(np.int64, -1)
    column.reserve(3)
    column.values[1] = 5
    column.reserve(500)
    assert column.values[:4].tolist() == [-1, 5, -1, -1]
    assert len(column.values) == 500
    column.reserve(2)
    assert len(column.values) == 500


@given(st.lists(st.tuples(st.integers(0, 20), st.text(max_size=8)), max_size=60))
def test_texts_are_like_a_dict(changes: list[tuple[int, str]]) -> None:
    column, expected = TextColumn(), dict.fromkeys(range(22), "")
    column.reserve(22)
    for place, text in changes:
        if any("\ud800" <= c <= "\udfff" for c in text):
            continue
        column.put(np.array([place, 21]), [text, f"other {text}"])
        expected |= {place: text, 21: f"other {text}"}
    assert {place: column[place] for place in range(22)} == expected


def test_names_that_are_not_utf_8_keep_their_bytes() -> None:
    column = TextColumn()
    column.reserve(1)
    column.put(np.array([0]), [b"caf\xe9.png".decode("utf-8", "surrogateescape")])
    assert column[0].encode("utf-8", "surrogateescape") == b"caf\xe9.png"
