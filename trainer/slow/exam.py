"""What old and new weights are compared on, and how painted masks change it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from trainer.counterfactuals import Flags, all_swapped
from trainer.models.head import Floats, Integers
from trainer.models.space import Pixels

SAME: Final = 0.01  # most difference of one embedding value, computed twice


@dataclass(frozen=True, slots=True)
class Exam:
    """What old and new weights are compared on. pixels: (n, S, S, 3); y: (n,); old: embeddings in the present space.

    train, validation: rows; copies that painted masks give are among both.
    """

    pixels: Pixels
    y: Integers
    old: Floats
    train: Integers
    validation: Integers


def with_copies(exam: Exam, regions: Mapping[int, Flags], embed: Callable[[Pixels], Floats]) -> Exam:
    """The exam with what is painted put on other images, so that going by it does not pay.

    Heads learn the copies of the trainer, and are asked about validation images with ignored regions on them. Without
    masks the exam stays as it is; so it does where `embed`, of the weights that the round began with, does not give the
    old embeddings again, because others are in use. regions: row → where not to look, (S, S).
    """
    some = slice(0, 4)
    old = embed(exam.pixels[some]) if regions else None
    if old is None or old.shape != exam.old[some].shape or not np.allclose(old, exam.old[some], atol=SAME):
        return exam
    learnt = {row: region for row, region in regions.items() if row in set(exam.train.tolist())}
    more, more_y = all_swapped(exam.pixels, exam.y, learnt, exam.train)
    asked, asked_y = all_swapped(exam.pixels, exam.y, regions, exam.validation, own=False)
    n, m = len(exam.y), len(exam.y) + len(more)
    return Exam(
        np.concatenate([exam.pixels, more, asked]),
        np.concatenate([exam.y, more_y, asked_y]),
        np.concatenate([exam.old, embed(more), embed(asked)]),
        np.concatenate([exam.train, np.arange(n, m)]),
        np.concatenate([exam.validation, np.arange(m, m + len(asked))]),
    )
