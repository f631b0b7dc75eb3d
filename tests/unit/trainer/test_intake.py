from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.log import LabelBook
from shared.messages import AnnotationBatch, Kind, LogRow
from trainer.intake import take_in


def row(seq: int, image: int = 0, class_id: int = 0) -> LogRow:
    return LogRow(seq=seq, annotation_id=f"a{seq}", image=image, kind=Kind.LABEL, class_id=class_id)


def batch(*rows: LogRow) -> AnnotationBatch:
    return AnnotationBatch(
        log_id="log", epoch=1, seq_from=rows[0].seq, seq_to=rows[-1].seq, rows=list(rows), classes=[]
    )


def test_rows_that_follow_are_applied() -> None:
    book = LabelBook()
    taken = take_in(book, batch(row(1, image=4), row(2, image=5, class_id=1)))
    assert taken.changed == {4, 5}
    assert taken.missing_after is None
    assert book.labels() == {4: 0, 5: 1}


def test_a_gap_applies_nothing_and_says_where_it_begins() -> None:
    book = LabelBook()
    take_in(book, batch(row(1)))
    taken = take_in(book, batch(row(3, image=7)))
    assert taken.missing_after == 1
    assert not taken.changed
    assert book.labels() == {0: 0}


def test_a_gap_within_a_batch_keeps_what_comes_before_it() -> None:
    book = LabelBook()
    assert take_in(book, batch(row(1, image=1), row(3, image=3))).missing_after == 1
    assert book.labels() == {1: 0}


def test_a_batch_that_says_less_than_it_promises_is_asked_again() -> None:
    promised = batch(row(1)).model_copy(update={"seq_to": 2})
    assert take_in(LabelBook(), promised).missing_after == 1


def test_duplicates_are_dropped() -> None:
    book = LabelBook()
    take_in(book, batch(row(1, class_id=0), row(2, image=1)))
    again = take_in(book, batch(row(1, class_id=5), row(2, image=1, class_id=5), row(3, image=2)))
    assert again.changed == {2}
    assert book.labels() == {0: 0, 1: 0, 2: 0}


@pytest.mark.parametrize("seed", range(5))
@given(cuts=st.lists(st.tuples(st.integers(1, 30), st.integers(1, 12)), max_size=40))
def test_whatever_arrives_in_whatever_order_the_book_is_a_prefix_of_the_log(
    seed: int, cuts: list[tuple[int, int]]
) -> None:
    log = [row(seq, image=(seq * 7 + seed) % 11, class_id=seq % 3) for seq in range(1, 31)]
    book = LabelBook()
    for start, length in cuts:
        part = log[start - 1 : start - 1 + length]
        before = book.applied_seq
        taken = take_in(book, batch(*part))
        assert (taken.missing_after is None) == (book.applied_seq >= part[-1].seq)
        assert book.applied_seq >= before
    expected = LabelBook()
    expected.apply_all(log[: book.applied_seq])
    assert book.labels() == expected.labels()
