"""What waits to be done, counted in batches. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.config import Train

ENOUGH_NEW: Final = 0.1  # newly embedded images, as a share of those ranked, that are worth a new order
AT_LEAST_NEW: Final = 32


@dataclass(slots=True)
class Due:
    """Batches since something was done, and what is to be done whatever the count."""

    config: Train
    fit: bool = True
    unranked: int = 0
    unevaluated: int = 0
    unsaved: int = 0
    rank_now: bool = True
    evaluate_now: bool = True

    def batches(self, count: int) -> None:
        """New labels have come, in `count` batches."""
        if count:
            self.fit = True
        self.unranked += count
        self.unevaluated += count
        self.unsaved += count

    def again(self) -> None:
        """The labeler has to be told everything once more."""
        self.rank_now = self.evaluate_now = True

    def images(self) -> None:
        """Images were embedded: some may carry a label, all others want a place in the order."""
        self.fit = self.rank_now = self.evaluate_now = True

    def more_images(self) -> None:
        """Many more were embedded: for the checkpoint a batch, or none would be made where all labels came first."""
        self.images()
        self.unsaved += 1

    @property
    def rank(self) -> bool:
        """Whether it is time to rank."""
        return self.rank_now or self.unranked >= self.config.query_every

    @property
    def evaluate(self) -> bool:
        """Whether it is time to evaluate."""
        return self.evaluate_now or self.unevaluated >= self.config.evaluate_every

    @property
    def save(self) -> bool:
        """Whether it is time for a checkpoint."""
        return self.unsaved >= self.config.checkpoint_every

    def ranked(self) -> None:
        """The order has been made."""
        self.unranked, self.rank_now = 0, False

    def evaluated(self) -> None:
        """The metrics have been computed."""
        self.unevaluated, self.evaluate_now = 0, False

    def saved(self) -> None:
        """A checkpoint has been written."""
        self.unsaved = 0


def worth_ranking(embedded: int, ranked: int, images: int) -> bool:
    """Whether enough images have been embedded since the last order, or all of them have."""
    new = embedded - ranked
    return new > 0 and (embedded >= images or new >= max(AT_LEAST_NEW, ENOUGH_NEW * ranked))
