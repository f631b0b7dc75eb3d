"""Versions of the model that are kept on disk, to be compared, explained and gone back to."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from shared.errors import LabelstreamError
from shared.messages import MetricValue
from shared.versions import Floats, VersionReport, pack_probs
from trainer.learner import Model
from trainer.models.head import Head, Integers

log = logging.getLogger(__name__)

FOLDER: Final = "versions"
FORMAT: Final = 1


class VersionGone(LabelstreamError):
    """A version whose weights are not there any more."""

    code = "version_gone"


@dataclass(frozen=True, slots=True)
class Version:
    """A model at one point of the log `log_id`, and what it says about the hold-out.

    space: id of the embedding space that its head is for. settings: revision of the settings. metrics: on the
    hold-out. images: (n,) labelled hold-out images. probs: (n, K), columns as model.head.classes. said: (n,) class
    numbers where costs of mistakes decide; None where the likeliest class is said.
    """

    model: Model
    seq: int
    log_id: str
    space: str
    settings: int
    metrics: dict[str, MetricValue]
    images: Integers
    probs: Floats
    said: Integers | None = None

    def report(self, epoch: int, kept: bool) -> VersionReport:
        """What the labeler is told."""
        return VersionReport(
            epoch=epoch,
            version=self.model.version,
            based_on_seq=self.seq,
            labels=self.model.labels,
            space=self.space,
            settings=self.settings,
            kept=kept,
            metrics=self.metrics,
            images=self.images.tolist(),
            classes=[] if self.model.head is None else self.model.head.classes.tolist(),
            probs=pack_probs(self.probs),
            said=[] if self.said is None else self.said.tolist(),
        )


class VersionStore:
    """One file per version in `folder`; beyond `most` the most crowded ones are thinned out, named ones never."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._most = most
        self.named: frozenset[int] = frozenset()

    def numbers(self, log_id: str | None) -> list[int]:
        """The versions there are of a log, oldest first."""
        found = (int(path.stem.partition("-")[2]) for path in self._folder.glob(f"{_prefix(log_id)}-*.safetensors"))
        return sorted(found)

    def keep(self, version: Version) -> None:
        """Write a version, whole or not at all, and thin out. Raises OSError where the disk is full."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(version.log_id, version.model.version)
        draft = path.with_suffix(".part")
        tensors, facts = _pack(version)
        save_file(tensors, draft, metadata={"version": json.dumps(facts)})
        draft.replace(path)
        for number in thinned(self.numbers(version.log_id), self.named, self._most):
            self._path(version.log_id, number).unlink(missing_ok=True)

    def load(self, log_id: str | None, number: int) -> Version:
        """A version. Raises VersionGone where it was thinned out or cannot be read."""
        path = self._path(log_id, number)
        try:
            with safe_open(path, "pt") as file:
                facts = json.loads((file.metadata() or {})["version"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
            return _unpack(tensors, facts)
        except FileNotFoundError as error:
            kept = ", ".join(map(str, self.numbers(log_id))) or "none"
            raise VersionGone(f"version {number} is not kept any more; kept are: {kept}") from error
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            raise VersionGone(f"version {number} cannot be read: {error}; choose another one") from error

    def spaces(self, log_id: str | None) -> dict[int, str]:
        """The versions that can be read, with the id of the embedding space that each is for."""
        found = {}
        for number in self.numbers(log_id):
            try:
                with safe_open(self._path(log_id, number), "pt") as file:
                    found[number] = str(json.loads((file.metadata() or {})["version"])["space"])
            except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
                log.warning("version %d cannot be read: %s", number, error)
        return found

    def _path(self, log_id: str | None, number: int) -> Path:
        return self._folder / f"{_prefix(log_id)}-{number:08d}.safetensors"


def thinned(numbers: Sequence[int], named: Collection[int], most: int) -> list[int]:
    """Which of the ascending `numbers` to remove so that `most` are left, evenly spread.

    One after the other: that whose neighbours are nearest to each other. The first, the newest and named ones stay.
    """
    left, gone = list(numbers), []
    while len(left) > most:
        inner = [i for i in range(1, len(left) - 1) if left[i] not in named]
        if not inner:
            break
        crowded = min(inner, key=lambda i: left[i + 1] - left[i - 1])
        gone.append(left.pop(crowded))
    return gone


def missing(kept: Iterable[int], known: Iterable[int]) -> list[int]:
    """The kept versions that the labeler does not know, oldest first."""
    return sorted(set(kept) - set(known))


def _prefix(log_id: str | None) -> str:
    return (log_id or "none").replace("-", "")


def _pack(version: Version) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    model = version.model
    tensors = {"images": torch.from_numpy(version.images), "probs": torch.from_numpy(version.probs).half()}
    if version.said is not None:
        tensors["said"] = torch.from_numpy(version.said)
    if model.head is not None:
        tensors |= {
            "head.classes": torch.from_numpy(model.head.classes),
            "head.weight": torch.from_numpy(np.ascontiguousarray(model.head.weight)),
            "head.bias": torch.from_numpy(np.ascontiguousarray(model.head.bias)),
        }
    facts = {
        "format": FORMAT,
        "version": model.version,
        "labels": model.labels,
        "temperature": model.temperature,
        "loss": None if model.head is None else model.head.loss,
        "seq": version.seq,
        "log_id": version.log_id,
        "space": version.space,
        "settings": version.settings,
        "metrics": {name: value.wire() for name, value in version.metrics.items()},
    }
    return {name: tensor.contiguous() for name, tensor in tensors.items()}, facts


def _unpack(tensors: dict[str, torch.Tensor], facts: dict[str, Any]) -> Version:
    if facts["format"] != FORMAT:
        raise ValueError(f"format {facts['format']}, expected {FORMAT}")
    model = Model(int(facts["version"]), None, int(facts["labels"]), float(facts["temperature"]), int(facts["labels"]))
    if "head.weight" in tensors:
        classes, weight, bias = (tensors[f"head.{name}"].numpy() for name in ("classes", "weight", "bias"))
        model = replace(model, head=Head(classes, weight, bias, float(facts["loss"])))
    return Version(
        model,
        int(facts["seq"]),
        str(facts["log_id"]),
        str(facts["space"]),
        int(facts["settings"]),
        {name: MetricValue.parse(value) for name, value in facts["metrics"].items()},
        tensors["images"].numpy(),
        tensors["probs"].float().numpy(),
        tensors["said"].numpy() if "said" in tensors else None,
    )
