"""Copies of painted images: who is changed where, and which class it keeps."""

from __future__ import annotations

import numpy as np

from trainer.counterfactuals import DONORS, all_swapped, choose_donors, swapped

SIZE = 10


def flat(*values: int) -> np.ndarray:
    """Images of one colour each."""
    return np.array(values, np.uint8)[:, None, None, None] * np.ones((1, SIZE, SIZE, 3), np.uint8)


def region(rows: int) -> np.ndarray:
    found = np.zeros((SIZE, SIZE), np.bool_)
    found[:rows] = True
    return found


def test_both_ways_only_the_region_is_swapped() -> None:
    own, others = swapped(flat(1)[0], flat(2, 3), region(3))
    for k, value in enumerate((2, 3)):
        assert (own[k, :3] == value).all()
        assert (own[k, 3:] == 1).all()
        assert (others[k, :3] == 1).all()
        assert (others[k, 3:] == value).all()


def test_a_region_that_would_hide_the_other_image_is_not_put_on_it() -> None:
    own, others = swapped(flat(1)[0], flat(2, 3), region(6))
    assert len(own) == 2
    assert len(others) == 0


def test_donors_are_of_other_classes_and_always_the_same() -> None:
    rows, y = np.arange(40), np.arange(40) % 3
    donors = choose_donors(rows, y, 1, 7)
    assert len(set(donors.tolist())) == DONORS
    assert 1 not in y[donors]
    np.testing.assert_array_equal(donors, choose_donors(rows, y, 1, 7))
    assert choose_donors(rows, y, 1, 8).tolist() != donors.tolist()
    assert len(choose_donors(rows[:2], y[:2], 0, 7)) == 1


def test_every_copy_keeps_the_class_of_what_lies_outside_the_region() -> None:
    y = np.array([0, 0, 1, 1, 2])
    images = flat(10, 20, 30, 40, 50)
    copies, classes = all_swapped(images, y, {0: region(2), 3: region(2)}, np.arange(5))
    outside = {10: 0, 20: 0, 30: 1, 40: 1, 50: 2}
    assert [outside[int(value)] for value in copies[:, -1, 0, 0]] == classes.tolist()
    assert len(copies) == 2 * 3 + 2 * 3
    pasted, theirs = all_swapped(images, y, {0: region(2)}, np.array([2, 4]), own=False)
    assert sorted(theirs.tolist()) == [1, 2]
    assert (pasted[:, 0] == 10).all()
    none, nobody = all_swapped(images, y, {}, np.arange(5))
    assert none.shape == (0, SIZE, SIZE, 3)
    assert len(nobody) == 0
