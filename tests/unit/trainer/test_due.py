from __future__ import annotations

import pytest

from shared.config import Train
from trainer.due import Due, worth_ranking


def fresh(**options: int) -> Due:
    """Everything done once."""
    due = Due(Train(**options))
    due.fit = False
    due.ranked()
    due.evaluated()
    due.saved()
    return due


def test_at_the_start_all_but_saving_is_due() -> None:
    due = Due(Train())
    assert (due.fit, due.rank, due.evaluate, due.save) == (True, True, True, False)


def test_without_news_nothing_is_due() -> None:
    due = fresh()
    due.batches(0)
    assert (due.fit, due.rank, due.evaluate, due.save) == (False,) * 4


def test_each_has_its_own_rhythm() -> None:
    due = fresh(query_every=2, evaluate_every=3, checkpoint_every=4)
    seen = []
    for _ in range(4):
        due.batches(1)
        seen.append((due.rank, due.evaluate, due.save))
    assert seen == [(False, False, False), (True, False, False), (True, True, False), (True, True, True)]


def test_a_handshake_asks_for_everything_but_a_fit() -> None:
    due = fresh(query_every=9, evaluate_every=9)
    due.again()
    assert (due.fit, due.rank, due.evaluate) == (False, True, True)


def test_new_images_ask_for_a_fit_too() -> None:
    due = fresh(query_every=9, evaluate_every=9)
    due.images()
    assert (due.fit, due.rank, due.evaluate) == (True, True, True)


def test_where_all_labels_came_first_a_growing_pool_makes_a_checkpoint_due() -> None:
    due = fresh(checkpoint_every=2)
    due.more_images()
    assert (due.fit, due.rank, due.evaluate, due.save) == (True, True, True, False)
    due.more_images()
    assert due.save


@pytest.mark.parametrize(
    ("embedded", "ranked", "images", "worth"),
    [
        (0, 0, 0, False),
        (31, 0, 1000, False),
        (32, 0, 1000, True),
        (532, 500, 1000, False),
        (550, 500, 1000, True),
        (501, 500, 501, True),
        (500, 500, 500, False),
        (3, 0, 3, True),
    ],
)
def test_when_new_images_are_worth_a_new_order(embedded: int, ranked: int, images: int, worth: bool) -> None:
    assert worth_ranking(embedded, ranked, images) == worth
