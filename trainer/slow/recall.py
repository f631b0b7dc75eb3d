"""Back to the network of an earlier version, or on from it. What it means for the slow loop's record."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from shared.errors import LabelstreamError
from shared.steering import Recall, RecallKind
from trainer.models.backbone import NetworkSpace
from trainer.slow.spaces import Record, file_of

PIXELS: Final = "pixels-"  # how the ids of spaces without a network begin


class Gone(LabelstreamError):
    """A version whose network is not there any more."""

    code = "version_gone"


def is_there(space_id: str, folder: Path, base: NetworkSpace | None) -> bool:
    """Whether a space can be gone back to: it was made here and is kept, or it is the one to begin with."""
    is_first = space_id.startswith(PIXELS) if base is None else space_id == base.id
    return is_first or file_of(folder, space_id) is not None


def recalled(record: Record, wish: Recall, folder: Path, base: NetworkSpace | None) -> Record:
    """The record once `wish` is carried out. Raises Gone.

    After a rollback the space of the version is in use, and the next round begins from it, when the labels have grown
    as they must for any round. To train on from a version leaves the space in use, and the next round is due at once.
    """
    file, of_pixels = file_of(folder, wish.space), base is None and wish.space.startswith(PIXELS)
    if not is_there(wish.space, folder, base) or (of_pixels and wish.kind is RecallKind.FINETUNE):
        raise Gone(f"version {wish.version} was asked for, but its network {wish.space} is not there; nothing changes")
    changes: dict[str, object] = {"recalled": wish.revision} | ({} if of_pixels else {"network": file})
    changes |= {"trained_on": 0} if wish.kind is RecallKind.FINETUNE else {"space": file}
    return record.model_copy(update=changes)
