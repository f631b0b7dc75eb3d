"""What a painted mask says, as further examples: images that differ only in what shall not matter. Pure.

A painted image gets the ignored region of an image of another class, and that image gets its region; both keep their
classes [Teso & Kersting 2019]. A head that has learnt them cannot go by the region: it stands for both classes alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from trainer.models.space import Pixels

Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

DONORS: Final = 4  # images of other classes that a painted image swaps with
LARGE: Final = 0.5  # share of the image from which on a region is not put on others: it would hide what they show


def swapped(image: Pixels, donors: Pixels, region: Flags) -> tuple[Pixels, Pixels]:
    """The image with the donors' region, and the donors with the image's; each (k, S, S, 3).

    image: (S, S, 3). donors: (k, S, S, 3). region: (S, S). The second is empty where the region is LARGE.
    """
    where = region[..., None]
    own, others = np.where(where, donors, image), np.where(where, image, donors)
    return own, others[: 0 if region.mean() > LARGE else len(donors)]


def choose_donors(rows: Integers, y: Integers, own: int, seed: int) -> Integers:
    """At most DONORS of `rows` that have another class than `own`, at random, the same ones for the same seed.

    rows: (n,), in an order that does not change. y: (n,), their classes.
    """
    others = rows[y != own]
    return np.random.default_rng(seed).permutation(others)[:DONORS]


def all_swapped(
    images: Pixels, y: Integers, regions: Mapping[int, Flags], among: Integers, own: bool = True
) -> tuple[Pixels, Integers]:
    """The copies that painted images give with donors from `among`, (m, S, S, 3), and their classes, (m,).

    images: (n, S, S, 3). y: (n,). regions: row → its ignored region, (S, S). among: rows. own: whether the painted
    images themselves are changed too; else only the donors.
    """
    copies, classes = [images[:0]], [y[:0]]
    for row, region in regions.items():
        donors = choose_donors(among, y[among], int(y[row]), row)
        changed, others = swapped(images[row], images[donors], region)
        copies += [changed, others] if own else [others]
        classes += [np.full(len(changed), y[row])] if own else []
        classes += [y[donors[: len(others)]]]
    return np.concatenate(copies), np.concatenate(classes)
