"""The slow loop on the trainer's side: when a round begins, what it says, and the swap of what it has made."""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors.torch import save_file

from shared.config import Config, Server
from shared.errors import LabelstreamError
from shared.messages import SlowReport, SlowState
from shared.steering import Recall
from trainer.conversation import Conversation
from trainer.costs import label_weights
from trainer.embedder import Embedder
from trainer.models.backbone import NetworkSpace
from trainer.pool import Located, Pool
from trainer.slow.messages import Job, Outcome, Step
from trainer.slow.process import Process, RoundProcess
from trainer.slow.recall import Gone, is_there, recalled
from trainer.slow.schedule import Kind, Standing, due, pause_s
from trainer.slow.spaces import FOLDER, Record, load_space, read_record, write_record

log = logging.getLogger(__name__)

LABELS_FILE: Final = "labels.safetensors"


class SlowLoop:
    """One round at a time, each in a process of its own; the trainer's loop calls `tick` and never waits for one.

    base: the configured space; None where pixels serve until the small network is there. device: of accepted spaces.
    start: makes the process of a round. keep: ids of the spaces that kept versions of the model are for.
    masks: newest change of a painted mask.
    """

    def __init__(  # noqa: PLR0913
        self,
        config: Config,
        talk: Conversation,
        pool: Pool,
        base: NetworkSpace | None,
        device: torch.device,
        clock: Callable[[], float],
        start: Callable[[Job], Process] = RoundProcess,
        *,
        keep: Callable[[], Collection[str]] = tuple,
        masks: Callable[[], int] = int,
    ) -> None:
        self.wish: Recall | None = None
        self._config = config
        self._talk = talk
        self._pool = pool
        self._base = base
        self._device = device
        self._clock = clock
        self._start = start
        self._keep = keep
        self._masks = masks
        self._folder = config.paths.data / FOLDER
        self._record = read_record(self._folder, base, talk.checkpoint.log_id)
        self.enabled = is_enabled(config, base, device)
        self._process: Process | None = None
        self._kind = Kind.TRAIN
        self._labels = self._mask_change = 0
        self._outcome: Outcome | None = None
        self._reason = ""
        self._failures = 0
        self._not_before = 0.0
        self._recall_at = 0.0
        self._report: SlowReport | None = None
        self._said: SlowReport | None = None

    def space(self) -> NetworkSpace | None:
        """The accepted space, else the configured one; None where pixels serve."""
        if self._record.space is None:
            return self._base
        try:
            return load_space(self._folder / self._record.space, self._device)
        except LabelstreamError as error:
            log.warning("the weights trained before are not used: %s", error)
            self._record = Record(round=self._record.round, base=self._record.base, log_id=self._record.log_id)
            return self._base

    def has(self, space_id: str) -> bool:
        """Whether a space can be gone back to."""
        return is_there(space_id, self._folder, self._base)

    def use(self, config: Config) -> None:
        """Go on with another configuration; a round at hand ends where rounds are turned off."""
        self._config = config
        self.enabled = is_enabled(config, self._base, self._device)
        if not self.enabled:
            self._end_round("fine-tuning was turned off")

    def again(self) -> None:
        """After a handshake: say the last report once more."""
        self._said = None

    def tick(self, embedder: Embedder) -> bool:
        """Listen to the round, or begin one that is due. Returns whether the embedding space was swapped."""
        swapped = self._follow_log(embedder)
        swapped |= self._recall(embedder)
        if self._process is not None:
            swapped |= self._listen(self._process, embedder)
        elif self.enabled and embedder.listed and self._clock() >= self._not_before:
            self._begin()
        self._say()
        return swapped

    def interrupt(self) -> None:
        """Labelling has been stopped: end the round at hand, and say so."""
        self._end_round("labelling was stopped")

    def close(self) -> None:
        """End the round at hand."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _end_round(self, reason: str) -> None:
        if self._process is not None:
            self.close()
            self._tell(SlowState.FAILED, 0.0, f"ended, because {reason}")
            self._say()

    def _recall(self, embedder: Embedder) -> bool:
        """Carry out a wish for an earlier version, once. Returns whether the embedding space was swapped."""
        wish, before = self.wish, self._record.space
        if wish is None or wish.revision <= self._record.recalled or self._clock() < self._recall_at:
            return False
        self._end_round(f"version {wish.version} was asked for")
        try:
            record = recalled(self._record, wish, self._folder, self._base)
        except Gone as error:
            log.warning("%s", error)
            record = self._record.model_copy(update={"recalled": wish.revision})
        try:
            self._take_up(record, embedder)
        except (OSError, LabelstreamError) as error:
            log.error("version %d could not be taken up: %s; trying again", wish.version, error)
            self._recall_at = self._clock() + pause_s(1)
            return False
        return self._record.space != before

    def _take_up(self, record: Record, embedder: Embedder) -> None:
        """Write the record and swap its space in, if it is another. Raises OSError, ConfigError; nothing changes then.

        Embeddings of the space before stay, so that the way back is short; those of the one before that are removed.
        """
        before, gone = self._record.space, self._record.replaced
        if record.space == before:
            write_record(self._folder, record, self._keep())
            self._record = record
            return
        space = self._base if record.space is None else load_space(self._folder / record.space, self._device)
        replaced = None if before is None else Path(before).stem
        record = record.model_copy(update={"replaced": replaced})
        write_record(self._folder, record, self._keep())
        self._record = record
        embedder.swap(space)
        if gone is not None and gone not in (replaced, space and space.id):
            shutil.rmtree(self._config.paths.data / "embeddings" / gone, ignore_errors=True)

    def _follow_log(self, embedder: Embedder) -> bool:
        """Weights of another log have seen other labels, perhaps those of this one's hold-out: they are dropped."""
        log_id = self._talk.checkpoint.log_id
        if log_id is None or log_id == self._record.log_id:
            return False
        self.close()
        used = self._record.space is not None
        self._record = read_record(self._folder, self._base, log_id)
        self._failures, self._not_before = 0, 0.0
        if used or self._record.space is not None:
            embedder.swap(self.space())
            return True
        return False

    def _begin(self) -> None:
        counts = self._pool.counts()
        if counts.embedded < counts.images:
            return
        labels = self._talk.checkpoint.book.labels()
        snapshot = self._pool.snapshot(labels)
        if snapshot is None:
            return
        train = snapshot.train
        classes = Counter(labels[int(number)] for number in train.numbers)
        standing = Standing(
            images=counts.images,
            labels=len(train),
            classes=len(classes),
            trained_on=self._record.trained_on,
            pretraining=self._base is None and not self._record.pretrained,
            repainted=self._masks() > self._record.masks,
        )
        kind = due(standing, self._config.slow)
        if kind is not None:
            self._start_round(kind, train, labels)

    def _start_round(self, kind: Kind, train: Located, labels: Mapping[int, int]) -> None:
        self._kind, self._labels, self._outcome, self._reason = kind, len(train), None, ""
        self._mask_change = self._masks()
        self._record = self._record.model_copy(update={"round": self._record.round + 1})
        job = Job(
            kind=kind,
            seed=self._record.round,
            config=self._config.model_copy(update={"server": Server()}),  # its secrets are not the process's business
            network=self._record.network,
            labels=LABELS_FILE if len(train) else None,
            class_weights=label_weights(self._config.train, self._talk.classes),
        )
        try:
            write_record(self._folder, self._record, self._keep())  # a round's number is used once, also over restarts
            write_labels(self._folder / LABELS_FILE, train, labels)
            self._process = self._start(job)
        except OSError as error:
            self._failed(f"the round could not begin: {error}")
            return
        self._tell(SlowState.TRAINING, 0.0, "beginning")

    def _listen(self, process: Process, embedder: Embedder) -> bool:
        try:
            for message in process.poll():
                self._hear(message)
        except ValueError as error:
            self.close()
            self._failed(f"the process said what cannot be read: {error}")
            return False
        status = process.ended
        if status is None:
            return False
        self.close()
        if status != 0 or self._outcome is None:
            self._failed(self._reason or f"the process ended with status {status}")
            return False
        return self._finish(self._outcome, embedder)

    def _hear(self, message: Step | Outcome) -> None:
        if isinstance(message, Outcome):
            self._outcome = message
        elif message.state is SlowState.FAILED:
            self._reason = message.sentence
        else:
            self._tell(message.state, message.progress, message.sentence)

    def _finish(self, outcome: Outcome, embedder: Embedder) -> bool:
        """Keep what was made; swap it in where it was accepted. Labels given meanwhile are learnt on it at once."""
        first = self._kind is Kind.PRETRAIN
        trained = {"trained_on": self._labels, "masks": self._mask_change}
        changes: dict[str, object] = {"pretrained": True} if first else {**trained}
        if outcome.accepted or first:
            changes["network"] = outcome.space
        if outcome.accepted:
            changes["space"] = outcome.space
        try:
            self._take_up(self._record.model_copy(update=changes), embedder)
        except (OSError, LabelstreamError) as error:
            self._failed(f"what was made cannot be used: {error}")
            return False
        self._failures = 0
        self._tell(SlowState.ACCEPTED if outcome.accepted else SlowState.REFUSED, 1.0, outcome.sentence)
        log.info("slow loop, round %d: %s", self._record.round, outcome.sentence)
        return outcome.accepted

    def _failed(self, reason: str) -> None:
        self._failures += 1
        pause = pause_s(self._failures)
        self._not_before = self._clock() + pause
        log.warning("slow loop, round %d: %s; trying again in %g s", self._record.round, reason, pause)
        self._tell(SlowState.FAILED, 0.0, f"failed: {reason}; trying again in {pause:g} s")

    def _tell(self, state: SlowState, progress: float, sentence: str) -> None:
        self._report = SlowReport(
            epoch=0, round=self._record.round, state=state, labels=self._labels, progress=progress, sentence=sentence
        )

    def _say(self) -> None:
        report = self._report
        if report is None or report == self._said:
            return
        if self._talk.send(report.model_copy(update={"epoch": self._talk.epoch})):
            self._said = report


def is_enabled(config: Config, base: NetworkSpace | None, device: torch.device) -> bool:
    """Whether rounds are run; `auto`: where there are no pretrained weights, and on a GPU."""
    if config.slow.enabled == "auto":
        return base is None or device.type == "cuda"
    return config.slow.enabled


def write_labels(path: Path, train: Located, labels: Mapping[int, int]) -> None:
    """Write the numbers, classes and present embeddings of labelled training images, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    tensors = {
        "numbers": torch.from_numpy(np.ascontiguousarray(train.numbers)),
        "classes": torch.tensor([labels[int(number)] for number in train.numbers], dtype=torch.int64),
        "old": torch.from_numpy(train[np.arange(len(train))].astype(np.float16)),
    }
    save_file(tensors, draft)
    draft.replace(path)
