from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.log import LabelBook, Standing
from shared.messages import Kind, LogRow

Choice = tuple[int, Kind, int, int]
choices = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(Kind), st.integers(0, 3), st.integers(0, 30)), max_size=40
)


def log_of(made: Sequence[Choice]) -> list[LogRow]:
    """A valid log: every undo names an earlier row of its own image, whether or not that one still stands."""
    rows: list[LogRow] = []
    for image, kind, class_id, back in made:
        seq, own = len(rows) + 1, [row for row in rows if row.image == image and row.kind is not Kind.UNDO]
        if kind is Kind.UNDO and own:
            undoes = own[back % len(own)].annotation_id
            rows.append(LogRow(seq=seq, annotation_id=f"u{seq}", image=image, kind=kind, undoes=undoes))
        elif kind is Kind.LABEL:
            rows.append(LogRow(seq=seq, annotation_id=f"a{seq}", image=image, kind=kind, class_id=class_id))
        elif kind is not Kind.UNDO:
            rows.append(LogRow(seq=seq, annotation_id=f"a{seq}", image=image, kind=kind))
    return rows


def naive(rows: Sequence[LogRow]) -> dict[int, Standing]:
    """What stands, from the whole log at once: of each image the last row that no row undoes."""
    undone = {row.undoes for row in rows}
    standing = [row for row in rows if row.kind is not Kind.UNDO and row.annotation_id not in undone]
    return {row.image: Standing(row.seq, row.kind, row.class_id) for row in standing}


@given(choices)
def test_row_by_row_equals_the_whole_log_at_once(made: list[Choice]) -> None:
    rows, book = log_of(made), LabelBook()
    for end, row in enumerate(rows, start=1):
        assert book.apply(row) == row.image
        assert dict(book) == naive(rows[:end])
        assert book.standing(row.image) == naive(rows[:end]).get(row.image)
    labels = {i: s.class_id for i, s in naive(rows).items() if s.kind is Kind.LABEL}
    assert book.labels() == labels
    assert book.applied_seq == len(rows)


@given(choices, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=5))
def test_rows_that_come_again_change_nothing(made: list[Choice], repeats: list[tuple[int, int]]) -> None:
    rows, book = log_of(made), LabelBook()
    for end, row in enumerate(rows, start=1):
        book.apply(row)
        for first, count in repeats:
            again = rows[min(first, end) : min(first + count, end)]
            assert [book.apply(old) for old in again] == [None] * len(again)
    assert dict(book) == naive(rows)


@given(choices)
def test_the_rows_of_a_book_make_the_same_book(made: list[Choice]) -> None:
    book, copy = LabelBook(), LabelBook()
    book.apply_all(log_of(made))
    copy.apply_all(book.rows())
    assert dict(copy) == dict(book)
    assert copy.labels() == book.labels()


def label(seq: int, class_id: int) -> LogRow:
    return LogRow(seq=seq, annotation_id=f"a{seq}", image=7, kind=Kind.LABEL, class_id=class_id)


def undo(seq: int, of: int) -> LogRow:
    return LogRow(seq=seq, annotation_id=f"u{seq}", image=7, kind=Kind.UNDO, undoes=f"a{of}")


@pytest.mark.parametrize(
    ("rows", "class_id"),
    [
        ([label(1, 0)], 0),
        ([label(1, 0), label(2, 1)], 1),
        ([label(1, 0), label(2, 1), undo(3, of=2)], 0),
        ([label(1, 0), label(2, 1), undo(3, of=1)], 1),
        ([label(1, 0), label(2, 1), undo(3, of=1), undo(4, of=2)], None),
        ([label(1, 0), undo(2, of=1), undo(3, of=1)], None),
        ([label(1, 0), undo(2, of=1), label(3, 0), undo(4, of=1)], 0),
    ],
    ids=[
        "one",
        "correction",
        "undone",
        "older undone",
        "both undone",
        "undone twice",
        "undone, labelled, undone again",
    ],
)
def test_what_stands_after(rows: list[LogRow], class_id: int | None) -> None:
    book = LabelBook()
    book.apply_all(rows)
    standing = book.standing(7)
    assert (standing.class_id if standing else None) == class_id


def test_a_skip_that_stands_hides_the_label_below_it_until_it_is_undone() -> None:
    book = LabelBook()
    book.apply_all([label(1, 0), LogRow(seq=2, annotation_id="a2", image=7, kind=Kind.SKIP)])
    assert book.labels() == {}
    book.apply(undo(3, of=2))
    assert book.labels() == {7: 0}


def test_a_book_without_rows() -> None:
    book = LabelBook()
    assert (dict(book), book.labels(), book.standing(1), book.applied_seq) == ({}, {}, None, 0)
