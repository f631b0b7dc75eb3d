"""What people paint, as the fast loop learns it: copies of painted images, embedded beside the pool."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final

import numpy as np

from shared.errors import ImageRejected
from trainer.counterfactuals import Integers, choose_donors, swapped
from trainer.labeler_http import MaskRow
from trainer.loading import Loader
from trainer.masks import Flags, MaskSource, changes, region_of
from trainer.models.space import Floats, Pixels, Space
from trainer.pool import Pool, Snapshot

log = logging.getLogger(__name__)

REST_S: Final = 30.0  # without a stroke, before a round of the slow loop is worth its minutes


@dataclass(frozen=True, slots=True)
class Copies:
    """Embedded copies of one painted image in the space `space_id`.

    changed: (k, D), the image with the donors' region; put: (k, D) or (0, D), the donors with its region.
    """

    space_id: str
    label: int
    donors: tuple[int, ...]
    changed: Floats
    put: Floats

    def fits(self, space_id: str, label: int | None, labels: Mapping[int, int]) -> bool:
        """Whether they say the same with the labels as they are now."""
        valid = all(labels.get(donor, label) != label for donor in self.donors)
        return self.space_id == space_id and label == self.label and valid


class Painted:
    """Follows the masks in the embedder's thread (`refresh`) and hands their copies to the loop (`examples`).

    clock: seconds that never go back.
    """

    def __init__(self, pool: Pool, loader: Loader, source: MaskSource, clock: Callable[[], float]) -> None:
        self._pool, self._loader, self._source, self._clock = pool, loader, source, clock
        self._lock = Lock()
        self._masks: dict[int, MaskRow] = {}
        self._copies: dict[int, Copies] = {}
        self._labels: Mapping[int, int] = {}
        self._change = self._settled = 0
        self._changed_at = clock()
        self._news = False

    @property
    def settled(self) -> int:
        """The newest change that has not been followed by another for REST_S."""
        with self._lock:
            if self._clock() - self._changed_at >= REST_S:
                self._settled = self._change
            return self._settled

    def take_news(self) -> bool:
        """Whether there are other copies than at the last call."""
        with self._lock:
            news, self._news = self._news, False
        return news

    def examples(self, snapshot: Snapshot, labels: Mapping[int, int]) -> tuple[Floats, Integers] | None:
        """Embeddings, (m, D), and classes, (m,), of the copies that fit these labels; None without any."""
        with self._lock:
            if not self._masks:
                return None
            mine = {int(number): labels[int(number)] for number in snapshot.train.numbers}
            self._labels = mine
            fitting = [c for n, c in self._copies.items() if c.fits(snapshot.space.id, mine.get(n), mine)]
        x = [part for copies in fitting for part in (copies.changed, copies.put)]
        if not sum(map(len, x)):
            return None
        y = [
            label
            for copies in fitting
            for label in [copies.label] * len(copies.changed) + [mine[d] for d in copies.donors[: len(copies.put)]]
        ]
        return np.concatenate(x), np.array(y, np.int64)

    def refresh(self, breathe: Callable[[], None]) -> None:
        """Take in what was painted, and make the copies that are missing. breathe: called before each image.

        Raises LabelstreamError where the labeler is away.
        """
        self._follow()
        space = self._pool.space
        for number in self._missing(space):
            breathe()
            if space is None or space is not self._pool.space:
                return
            made = self._make(space, number, self._masks[number])
            with self._lock:
                self._copies[number] = made
                self._news = True

    def _follow(self) -> None:
        for row in changes(self._source, self._change):
            with self._lock:
                self._news |= self._copies.pop(row.number, None) is not None
                self._masks.pop(row.number, None)
                if row.painted:
                    self._news |= not self._masks  # the loop has to say which labels there are
                    self._masks[row.number] = row
                self._change, self._changed_at = row.change, self._clock()

    def _missing(self, space: Space | None) -> list[int]:
        with self._lock:
            labels = self._labels
            return [
                number
                for number in self._masks
                if space is not None
                and number in labels
                and not (number in self._copies and self._copies[number].fits(space.id, labels[number], labels))
            ]

    def _make(self, space: Space, number: int, row: MaskRow) -> Copies:
        """The copies of one image; none where it or its mask cannot be read."""
        labels, size = self._labels, space.info.image_size
        region = region_of(self._source, row, size)
        image = self._read(number, size)
        numbers = np.array(sorted(labels), np.int64)
        y = np.array([labels[n] for n in numbers.tolist()], np.int64)
        read = {int(d): self._read(int(d), size) for d in choose_donors(numbers, y, labels[number], number)}
        donors = {donor: pixels for donor, pixels in read.items() if pixels is not None}
        if region is None or image is None or not donors:
            nothing = np.empty((0, space.info.dim), np.float32)
            return Copies(space.id, labels[number], (), nothing, nothing)
        return _embedded(space, labels[number], image, donors, region)

    def _read(self, number: int, size: int) -> Pixels | None:
        try:
            return self._loader.load(self._pool.refs([number])[0], size)
        except ImageRejected as error:
            log.debug("image %d is left out of what was painted: %s", number, error)
            return None


def _embedded(space: Space, label: int, image: Pixels, donors: Mapping[int, Pixels], region: Flags) -> Copies:
    """The copies, in one batch, in the precision that the pool has."""
    changed, put = swapped(image, np.stack(list(donors.values())), region)
    vectors = space.embed(np.concatenate([changed, put])).astype(np.float16).astype(np.float32)
    finite = bool(np.isfinite(vectors).all())
    keep = slice(0, None if finite else 0)
    return Copies(space.id, label, tuple(donors), vectors[: len(changed)][keep], vectors[len(changed) :][keep])
