"""Masks on the trainer's side: read page by page, turned into regions."""

from __future__ import annotations

import numpy as np

from shared.masks import IGNORE, ignored
from tests.unit.trainer.conftest import FolderLabeler, png
from trainer.masks import changes, region_of

SIZE = 24


def painted(folder: FolderLabeler, count: int) -> np.ndarray:
    levels = np.zeros((SIZE, SIZE), np.uint8)
    levels[5:9, 3:6] = IGNORE
    for i in range(count):
        folder.add(f"{i}.png", png(i, size=SIZE))
        folder.paint(i, levels)
    return levels


def test_all_pages_are_read_and_only_what_came_since(folder: FolderLabeler) -> None:
    painted(folder, 120)
    assert [row.number for row in changes(folder, 0)] == list(range(120))
    assert [row.number for row in changes(folder, 118)] == [118, 119]
    assert not list(changes(folder, 120))


def test_a_region_is_that_of_the_squeezed_image(folder: FolderLabeler) -> None:
    levels = painted(folder, 1)
    (row,) = changes(folder, 0)
    found = region_of(folder, row, 12)
    np.testing.assert_array_equal(found, ignored(levels, 12))


def test_what_is_gone_empty_or_of_another_size_has_no_region(folder: FolderLabeler) -> None:
    painted(folder, 1)
    (row,) = changes(folder, 0)
    assert region_of(folder, row.model_copy(update={"painted": False}), 12) is None
    assert region_of(folder, row.model_copy(update={"width": 99}), 12) is None
    folder.paint(0, np.zeros((SIZE, SIZE), np.uint8))
    assert region_of(folder, row, 12) is None
    folder.painted.clear()
    assert region_of(folder, row, 12) is None
