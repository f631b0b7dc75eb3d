from __future__ import annotations

from labeler.feed import CATCH_UP_ROWS, RESEND_AFTER_S, Feed
from shared.config import Stream


def test_an_idle_trainer_gets_every_label_at_once() -> None:
    feed = Feed(Stream(), applied_seq=0)
    assert feed.wait(0, now=0) is None
    assert feed.wait(1, now=0) == 0


def test_the_next_batch_waits_for_the_acknowledgement() -> None:
    feed = Feed(Stream(), 0)
    feed.sent(1, now=0)
    assert feed.wait(5, now=1) == RESEND_AFTER_S - 1
    feed.acknowledge(1)
    assert feed.wait(5, now=1) == 0


def test_a_batch_without_an_answer_is_sent_again() -> None:
    feed = Feed(Stream(), 0)
    feed.sent(4, now=0)
    assert feed.wait(4, now=RESEND_AFTER_S) == 0


def test_a_gap_rewinds_the_feed() -> None:
    feed = Feed(Stream(), 10)
    feed.sent(12, now=0)
    feed.rewind(7)
    assert feed.applied_seq == 7
    assert feed.wait(12, now=0) == 0


def test_an_old_acknowledgement_changes_nothing() -> None:
    feed = Feed(Stream(), 10)
    feed.acknowledge(3)
    assert feed.applied_seq == 10


def test_a_full_batch_is_waited_for_but_not_for_ever() -> None:
    feed = Feed(Stream(batch_size=4, wait_for_full_batch=True, flush_after_s=2), 0)
    assert feed.wait(3, now=0) == 2
    assert feed.wait(4, now=0) == 0
    assert feed.wait(3, now=2) == 0


def test_the_time_to_flush_counts_from_the_first_row_that_waits() -> None:
    feed = Feed(Stream(batch_size=4, wait_for_full_batch=True, flush_after_s=2), 0)
    feed.wait(1, now=0)
    feed.sent(1, now=2)
    feed.acknowledge(1)
    assert feed.wait(2, now=10) == 2


def test_batches_grow_only_far_behind() -> None:
    feed = Feed(Stream(batch_size=10), 0)
    assert feed.limit(100) == 10
    assert feed.limit(CATCH_UP_ROWS + 1) == CATCH_UP_ROWS
