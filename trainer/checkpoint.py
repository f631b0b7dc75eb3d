"""Checkpoints: labels, head and stop rule at one point of the log, written whole or not at all."""

from __future__ import annotations

import logging
import os
import pickle
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import torch

from shared.log import LabelBook
from shared.messages import Kind, LogRow
from trainer.advice import AdviceState
from trainer.learner import Model
from trainer.models.head import Head
from trainer.stopping import LookState

log = logging.getLogger(__name__)

FORMAT: Final = 2  # 1 had neither temperature nor advice; both are found again as labels come
OLDEST: Final = 1
KEEP: Final = 3
KINDS: Final = (Kind.LABEL, Kind.SKIP, Kind.FLAG)
NO_CLASS: Final = -1


@dataclass(slots=True)
class Checkpoint:
    """What the trainer knows at one point of the log `log_id`; everything else follows from the images."""

    log_id: str | None = None
    book: LabelBook = field(default_factory=LabelBook)
    model: Model = field(default_factory=Model)
    looks: LookState = field(default_factory=LookState)
    finished_seq: int = -1  # applied_seq when the session was last stopped
    advice: AdviceState = field(default_factory=AdviceState)

    def restart(self, log_id: str) -> None:
        """Begin at the start of another log; only the model's version goes on counting."""
        self.log_id = log_id
        self.book = LabelBook()
        self.model = Model(self.model.version)
        self.looks = LookState()
        self.finished_seq = -1
        self.advice = AdviceState()


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write `checkpoint` to `folder` and remove all but the newest few. Raises OSError where the disk is full."""
    folder.mkdir(parents=True, exist_ok=True)
    number = max((_number(path) for path in _files(folder)), default=0) + 1
    path = folder / f"checkpoint-{number:08d}.pt"
    draft = path.with_suffix(".part")
    try:
        with draft.open("wb") as file:
            torch.save(_pack(checkpoint), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    for old in _files(folder)[KEEP:]:
        old.unlink(missing_ok=True)
    return path


def load_checkpoint(folder: Path) -> Checkpoint:
    """The newest checkpoint that can be read; an empty one where there is none."""
    for path in _files(folder):
        try:
            return _unpack(torch.load(path, map_location="cpu", weights_only=True))
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, KeyError, TypeError, ValueError) as error:
            log.warning(
                "%s cannot be used (%s); taking the one before",
                path,
                str(error).partition("\n")[0] or type(error).__name__,
            )
    return Checkpoint()


def _files(folder: Path) -> list[Path]:
    """Checkpoints, newest first."""
    return sorted(folder.glob("checkpoint-*.pt"), key=_number, reverse=True)


def _number(path: Path) -> int:
    digits = path.stem.removeprefix("checkpoint-")
    return int(digits) if digits.isdigit() else 0


def _pack(checkpoint: Checkpoint) -> dict[str, Any]:
    rows = checkpoint.book.rows()
    return {
        "format": FORMAT,
        "log_id": checkpoint.log_id,
        "applied_seq": checkpoint.book.applied_seq,
        "finished_seq": checkpoint.finished_seq,
        "numbers": torch.tensor(
            [
                (row.seq, row.image, KINDS.index(row.kind), NO_CLASS if row.class_id is None else row.class_id)
                for row in rows
            ],
            dtype=torch.int64,
        ).reshape(-1, 4),
        "annotation_ids": [row.annotation_id for row in rows],
        "model": _pack_model(checkpoint.model),
        "looks": {
            "looked_at": checkpoint.looks.looked_at,
            "trained": checkpoint.looks.trained,
            "spent": checkpoint.looks.spent,
            "streaks": dict(checkpoint.looks.streaks),
            "met": sorted(checkpoint.looks.met),
            "fired": sorted(checkpoint.looks.fired),
        },
        "advice": asdict(checkpoint.advice) | {"fired": sorted(checkpoint.advice.fired)},
    }


def _pack_model(model: Model) -> dict[str, Any]:
    packed: dict[str, Any] = {
        "version": model.version,
        "labels": model.labels,
        "temperature": model.temperature,
        "calibrated_on": model.calibrated_on,
    }
    if model.head is not None:
        head = model.head
        packed["head"] = {
            "classes": torch.from_numpy(head.classes),
            "weight": torch.from_numpy(head.weight),
            "bias": torch.from_numpy(head.bias),
            "loss": head.loss,
        }
    return packed


def _unpack(packed: dict[str, Any]) -> Checkpoint:
    if not OLDEST <= packed["format"] <= FORMAT:
        raise ValueError(f"format {packed['format']}, expected {OLDEST} to {FORMAT}")
    book = LabelBook()
    for (seq, image, kind, class_id), annotation_id in zip(
        packed["numbers"].tolist(), packed["annotation_ids"], strict=True
    ):
        book.apply(
            LogRow(
                seq=seq,
                annotation_id=annotation_id,
                image=image,
                kind=KINDS[kind],
                class_id=None if class_id == NO_CLASS else class_id,
            )
        )
    book.applied_seq = int(packed["applied_seq"])
    looks = packed["looks"]
    return Checkpoint(
        packed["log_id"],
        book,
        _unpack_model(packed["model"]),
        LookState(
            int(looks["looked_at"]),
            int(looks["trained"]),
            float(looks["spent"]),
            tuple((str(name), int(streak)) for name, streak in looks["streaks"].items()),
            frozenset(looks["met"]),
            frozenset(looks["fired"]),
        ),
        int(packed["finished_seq"]),
        _unpack_advice(packed["advice"]) if "advice" in packed else AdviceState(),
    )


def _unpack_advice(packed: dict[str, Any]) -> AdviceState:
    return AdviceState(**packed | {"fired": frozenset(packed["fired"])})


def _unpack_model(packed: dict[str, Any]) -> Model:
    head = packed.get("head")
    return Model(
        packed["version"],
        None if head is None else _unpack_head(head),
        packed["labels"],
        float(packed.get("temperature", 1.0)),
        int(packed.get("calibrated_on", 0)),
    )


def _unpack_head(packed: dict[str, Any]) -> Head:
    arrays = (packed["classes"].numpy(), packed["weight"].numpy(), packed["bias"].numpy())
    return Head(*arrays, float(packed["loss"]))
