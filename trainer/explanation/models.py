"""Which model is explained: the present version, or an earlier one whose weights are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from shared.errors import LabelstreamError
from trainer.explanation.explained import Explained
from trainer.explanation.shift import shifted
from trainer.learner import Model
from trainer.models.backbone import NetworkSpace
from trainer.models.head import Head
from trainer.models.space import Space
from trainer.pool import Pool
from trainer.slow.spaces import file_of, load_space
from trainer.versions import VersionStore

SHIFT = 2.0  # standard deviations, of the demonstration


class NoModel(LabelstreamError):
    """There is no model that could be explained, or not this one."""

    code = "no_model"


class Models:
    """Copies of networks, at most two at a time: that of the question before is often asked for again.

    present: the newest model. log_id: of the log that versions belong to. folder: of the slow loop's spaces. base: the
    configured space. For one thread.
    """

    def __init__(
        self,
        pool: Pool,
        present: Callable[[], Model],
        log_id: Callable[[], str | None],
        versions: VersionStore,
        folder: Path,
        base: NetworkSpace | None,
    ) -> None:
        self._pool = pool
        self._present = present
        self._log_id = log_id
        self._versions = versions
        self._folder = folder
        self._base = base
        self._copies: dict[tuple[str, bool], Explained] = {}

    def find(self, version: int | None, shift: bool = False) -> tuple[Explained, Model]:
        """What is explained, and the model it belongs to; None for the present one. shift: for shifted images.

        Raises NoModel, VersionGone, and InvalidInput where shifted images cannot be compensated.
        """
        model = self._present()
        if version in (None, model.version):
            space = self._pool.space
            if model.head is None or space is None or space.info.dim != model.head.weight.shape[1]:
                raise NoModel("there is no model yet; it comes with the first labels")
            return self._copy(space, model.head, shift), model
        kept = self._versions.load(self._log_id(), version or 0)
        if kept.model.head is None:
            raise NoModel(
                f"version {version} had no training labels, so there is nothing to explain; choose a later one"
            )
        return self._copy(self._space(kept.space, kept.model.version), kept.model.head, shift), kept.model

    def _copy(self, space: Space, head: Head, shift: bool) -> Explained:
        key = (space.id, shift)
        known = self._copies.pop(key, None)
        if known is None:
            known = shifted(self._copy(space, head, False), SHIFT) if shift else Explained.of(space, head)
        self._copies[key] = known
        while len(self._copies) > 2:
            self._copies.pop(next(iter(self._copies)))
        return known.with_head(head)

    def _space(self, wanted: str, version: int) -> Space:
        present = self._pool.space
        for space in (present, self._base):
            if space is not None and space.id == wanted:
                return space
        file = file_of(self._folder, wanted)
        if file is None:
            raise NoModel(f"version {version} was made with a network that is not kept any more ({wanted})")
        device = present.device if isinstance(present, NetworkSpace) else torch.device("cpu")
        return load_space(self._folder / file, device)
