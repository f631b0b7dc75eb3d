"""A slow loop with a process that says what the test wants."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from shared.config import load_config
from shared.messages import SlowReport
from tests.unit.trainer.conftest import FolderLabeler, MemoryLink, batch_of, label_row, png, welcome_to
from tests.unit.trainer.models.test_small_cnn import photos
from tests.waiting import wait_for
from trainer.checkpoint import Checkpoint
from trainer.conversation import Conversation
from trainer.embedder import Embedder
from trainer.link import LinkUp
from trainer.loading import Loader
from trainer.models.backbone import NetworkSpace
from trainer.models.small_cnn import small_cnn
from trainer.pool import Pool
from trainer.progress import Progress
from trainer.slow.loop import SlowLoop
from trainer.slow.messages import Job, Outcome, Step
from trainer.slow.spaces import save_space

CPU = torch.device("cpu")
IMAGES = 70


@dataclass
class FakeProcess:
    job: Job
    says: list[Step | Outcome] = field(default_factory=list)
    status: int | None = None
    closed: bool = False

    def poll(self) -> list[Step | Outcome]:
        said, self.says = self.says, []
        return said

    @property
    def ended(self) -> int | None:
        return self.status

    def close(self) -> None:
        self.closed = True


class Bench:
    """A slow loop on a pool of tiny images."""

    def __init__(self, folder: FolderLabeler, data: Path, link: MemoryLink) -> None:
        self.link, self.data, self.now = link, data, 0.0
        flags = {"paths.data": data, "slow.min_labels": 10}
        self.config = load_config(environ={}, flags=flags)
        self.pool = Pool()
        self.talk = Conversation(link, Checkpoint(), self.pool)
        self.started: list[FakeProcess] = []
        self.masks = 0
        self.slow = SlowLoop(
            self.config, self.talk, self.pool, None, CPU, lambda: self.now, self._start, masks=lambda: self.masks
        )
        loader = Loader(folder.root, folder, 10**6)
        self.embedder = Embedder(self.pool, None, loader, data / "embeddings", 16, Progress(io.StringIO()))
        self.embedder.start()
        wait_for(lambda: self.pool.counts().embedded == IMAGES and self.embedder.listed, "the images")

    def _start(self, job: Job) -> FakeProcess:
        self.started.append(FakeProcess(job))
        return self.started[-1]

    def take(self, *messages: object) -> None:
        self.talk.take(list(messages))  # type: ignore[arg-type]

    def tick(self) -> bool:
        return self.slow.tick(self.embedder)

    def label(self, count: int) -> None:
        first = self.talk.checkpoint.book.applied_seq + 1
        self.take(batch_of([label_row(seq, seq, seq % 3) for seq in range(first, first + count)]))

    def finish(self, accepted: bool, steps: list[Step] | None = None) -> bool:
        """Let the newest process end with a space of its own."""
        network, info = small_cnn(photos(8))  # untrained convolutions, others each time
        name = save_space(self.data / "slow", NetworkSpace(network, info, CPU))
        process = self.started[-1]
        process.says = [*(steps or []), Outcome(space=name, accepted=accepted, sentence="so it is")]
        process.status = 0
        return self.tick()

    def embeddings(self) -> set[str]:
        return {path.name for path in (self.data / "embeddings").iterdir() if path.is_dir()}

    @property
    def last(self) -> SlowReport:
        report = self.link.of(SlowReport)[-1]
        assert isinstance(report, SlowReport)
        return report


@pytest.fixture
def bench(folder: FolderLabeler, tmp_path: Path, link: MemoryLink) -> Iterator[Bench]:
    for i in range(IMAGES):
        folder.add(f"{i}.png", png(i, i % 3, size=16))
    made = Bench(folder, tmp_path / "data", link)
    made.take(LinkUp(), welcome_to())
    yield made
    made.embedder.close()
