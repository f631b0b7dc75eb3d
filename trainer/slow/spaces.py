"""Embedding spaces that the slow loop has made, and which of them is accepted, on disk."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Final

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from shared.errors import ConfigError
from shared.wire import Message
from trainer.models.backbone import NetworkSpace
from trainer.models.choose import rebuild_space
from trainer.models.space import SpaceInfo

FOLDER: Final = "slow"
RECORD: Final = "state.json"


class Record(Message):
    """What the slow loop knows over restarts.

    log_id: the log whose images and labels were trained on. base: id of the configured space, empty for pixels.
    network: file of the weights the next round begins from. space: file of the accepted space. Both are None where
    that is the configured one. trained_on: labels of the last round. pretrained: whether training without labels is
    done. replaced: id of the accepted space before this one, whose embeddings are still there. recalled: revision of
    the settings that held the newest wish for an earlier version that was carried out. masks: newest change of a mask
    at the last round.
    """

    round: int = 0
    log_id: str | None = None
    base: str = ""
    network: str | None = None
    space: str | None = None
    trained_on: int = 0
    pretrained: bool = False
    replaced: str | None = None
    recalled: int = 0
    masks: int = 0


def read_record(folder: Path, base: NetworkSpace | None, log_id: str | None) -> Record:
    """The record in `folder`, where it belongs to this network and log; else a new one that counts on.

    What was asked for in this log stays carried out, whatever network is configured now.
    """
    base_id = "" if base is None else base.id
    try:
        record = Record.model_validate_json((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return Record(base=base_id, log_id=log_id)
    if record.base == base_id and record.log_id == log_id:
        return record
    done = record.recalled if record.log_id == log_id else 0
    return Record(round=record.round, base=base_id, log_id=log_id, recalled=done)


def write_record(folder: Path, record: Record, keep: Collection[str] = ()) -> None:
    """Write the record, whole or not at all; spaces that it does not name, and whose id is not in `keep`, are removed.

    keep: ids of the spaces that kept versions of the model are for.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / (RECORD + ".part")
    draft.write_text(json.dumps(record.wire()) + "\n", encoding="utf-8")
    draft.replace(folder / RECORD)
    for path in folder.glob("*-*.safetensors"):
        if path.name not in (record.network, record.space) and path.stem not in keep:
            path.unlink(missing_ok=True)


def save_space(folder: Path, space: NetworkSpace) -> str:
    """Write a space's weights with what it is, whole or not at all. Returns the file's name."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{space.id}.safetensors"
    draft = path.with_suffix(".part")
    tensors = {name: tensor.contiguous().clone() for name, tensor in space.state().items()}
    save_file(tensors, draft, metadata={"info": json.dumps(space.info.wire())})
    draft.replace(path)
    return path.name


def file_of(folder: Path, space_id: str) -> str | None:
    """The name of the file that holds a space that was made here; None where there is none."""
    name = f"{space_id}.safetensors"
    return name if (folder / name).is_file() else None


def load_space(path: Path, device: torch.device) -> NetworkSpace:
    """The space that `save_space` wrote. Raises ConfigError where it cannot be used."""
    try:
        with safe_open(path, "pt") as file:
            info = SpaceInfo.model_validate_json((file.metadata() or {}).get("info", ""))
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
    except (OSError, SafetensorError, ValidationError) as error:
        raise ConfigError(f"{path} cannot be read as an embedding space: {error}; remove its folder") from error
    space = rebuild_space(info, state, device)
    if not isinstance(space, NetworkSpace):
        raise ConfigError(f"{path} holds a space of kind {info.kind}; expected a network; remove its folder")
    return space
