"""What a stopped session leaves: the model, self-contained, and predictions for what nobody labelled."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from pydantic import Field
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from shared import __version__
from shared.errors import ConfigError, ProtocolError
from shared.messages import MetricValue
from shared.wire import Message
from trainer.checkpoint import Checkpoint
from trainer.costs import Costs
from trainer.learner import Model
from trainer.models.head import Head
from trainer.models.space import Floats, Space, SpaceInfo
from trainer.pool import Pool, Snapshot

FORMAT: Final = 1
COLUMNS: Final = ("image_id", "filename", "label", "confidence")


class ModelCard(Message):
    """`model.json`: all that is needed besides `model.safetensors` to use a model, and what was measured.

    classes: name of each row of `head.weight`. The image is squeezed to image_size × image_size, scaled to 0..1,
    standardised by mean and std, turned into features by the network (`space.*`), and divided by their length.
    temperature: what the logits are divided by before the softmax, so that a confidence is as often right as it says.
    costs: where mistakes differ, what it costs to say the column where the row is true, less what the fit has counted
    of it; the class of least expected cost is said.
    """

    format: int
    program: str
    model_version: int
    applied_seq: int
    log_id: str | None
    classes: list[str] = Field(min_length=1)
    preprocessing: SpaceInfo
    labels: int
    metrics: dict[str, MetricValue]
    temperature: float = Field(default=1.0, gt=0)
    costs: list[list[float]] | None = None

    @property
    def decision(self) -> Costs | None:
        """How a class is chosen; None for the likeliest."""
        return None if self.costs is None else Costs(np.array(self.costs), np.ones(len(self.classes)))


@dataclass(frozen=True, slots=True)
class Predicted:
    """What is said of one image, as a rule the likeliest class, and its probability."""

    image_id: str
    filename: str
    label: str
    confidence: float


def export_all(
    exports: Path,
    checkpoint: Checkpoint,
    snapshot: Snapshot,
    pool: Pool,
    names: Mapping[int, str],
    metrics: Mapping[str, MetricValue],
    costs: Costs | None = None,
) -> list[str]:
    """Write `model-<version>/` and `predictions-<version>.csv` below `exports`; nothing without a head.

    Returns their names. Raises OSError where the disk is full.
    """
    model = checkpoint.model
    if model.head is None:
        return []
    card = ModelCard(
        format=FORMAT,
        program=__version__,
        model_version=model.version,
        applied_seq=checkpoint.book.applied_seq,
        log_id=checkpoint.log_id,
        classes=class_names(model.head, names),
        preprocessing=snapshot.space.info,
        labels=model.labels,
        metrics=dict(metrics),
        temperature=model.temperature,
        costs=None if costs is None else costs.part(model.head.classes).scaled.tolist(),
    )
    export_model(exports / f"model-{model.version}", card, model.head, snapshot.space)
    return [f"model-{model.version}", export_predictions(exports, checkpoint, pool, names, costs)]


def export_predictions(
    exports: Path, checkpoint: Checkpoint, pool: Pool, names: Mapping[int, str], costs: Costs | None = None
) -> str:
    """Write `predictions-<version>.csv`: every embedded image without a label. Returns its name."""
    model = checkpoint.model
    classes = [] if model.head is None else class_names(model.head, names)
    path = exports / f"predictions-{model.version}.csv"
    write_predictions(path, predict_unlabelled(model, pool, checkpoint.book.labels(), classes, costs))
    return path.name


def predict_unlabelled(
    model: Model, pool: Pool, labels: Mapping[int, int], classes: Sequence[str], costs: Costs | None = None
) -> Iterator[Predicted]:
    """What the model says about every embedded image without a label."""
    rest = pool.unlabelled(labels)
    if rest is None or not len(rest) or model.head is None:
        return
    said = likeliest(model.probabilities(rest), classes, costs and costs.part(model.head.classes))
    for ref, (label, confidence) in zip(pool.refs(rest.numbers), said, strict=True):
        yield Predicted(ref.image_id, ref.path, label, confidence)


def export_model(folder: Path, card: ModelCard, head: Head, space: Space) -> None:
    """Write `folder` with model.safetensors and model.json, whole or not at all; an older one is replaced."""
    draft = folder.with_name(folder.name + ".part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    tensors = {f"space.{name}": tensor.contiguous().clone() for name, tensor in space.state().items()}
    tensors["head.weight"] = torch.from_numpy(np.ascontiguousarray(head.weight))
    tensors["head.bias"] = torch.from_numpy(np.ascontiguousarray(head.bias))
    save_file(tensors, draft / "model.safetensors")
    (draft / "model.json").write_text(json.dumps(card.wire(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    draft.replace(folder)


def read_model(folder: Path) -> tuple[ModelCard, Head, dict[str, torch.Tensor]]:
    """What `export_model` wrote: the card, the head, and the space's weights. Raises ConfigError."""
    try:
        card = ModelCard.parse(json.loads((folder / "model.json").read_text(encoding="utf-8")))
        tensors = load_file(folder / "model.safetensors")
        weight, bias = tensors.pop("head.weight").numpy(), tensors.pop("head.bias").numpy()
    except (OSError, ValueError, KeyError, SafetensorError, ProtocolError) as error:
        raise ConfigError(
            f"{folder} cannot be read as a model: {error}; expected a folder with model.json and model.safetensors, "
            "as a stopped session writes it below data/exports"
        ) from error
    head = Head(np.arange(len(bias), dtype=np.int64), weight, bias, 0.0)
    return card, head, {name.removeprefix("space."): tensor for name, tensor in tensors.items()}


def likeliest(probs: Floats, classes: Sequence[str], costs: Costs | None = None) -> list[tuple[str, float]]:
    """Name and probability of each row's likeliest class, or with `costs` of the one to say. probs: (N, K)."""
    best = probs.argmax(axis=1) if costs is None else costs.decide(probs)
    return [(classes[k], float(probs[i, k])) for i, k in enumerate(best)]


def write_predictions(path: Path, predicted: Iterable[Predicted]) -> int:
    """Write a CSV, whole or not at all. Returns the number of rows.

    File names that are not UTF-8 keep their bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    count = 0
    with draft.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in predicted:
            writer.writerow((row.image_id, row.filename, row.label, f"{row.confidence:.6f}"))
            count += 1
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return count


def class_names(head: Head, names: Mapping[int, str]) -> list[str]:
    """The names of the head's classes; a number without a name stands for itself."""
    return [names.get(int(number), str(int(number))) for number in head.classes]
