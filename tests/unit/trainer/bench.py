"""A whole trainer on a folder of small images, against a link in memory."""

from __future__ import annotations

import io
from collections.abc import Callable
from threading import Event
from typing import Any

from shared.config import Config
from tests.unit.trainer.conftest import FolderLabeler, MemoryLink, batch_of, label_row
from tests.waiting import wait_for
from trainer.checkpoint import load_checkpoint
from trainer.conversation import Conversation
from trainer.embedder import Embedder
from trainer.loading import Loader
from trainer.loop import Trainer
from trainer.pool import Pool
from trainer.progress import Progress

IMAGES = 60
TEST = range(0, IMAGES, 5)


class Bench:
    """A trainer, its link and its folder; `step` does a few rounds."""

    def __init__(self, config: Config, folder: FolderLabeler, link: MemoryLink, clock: Callable[[], float]) -> None:
        self.config, self.link, self.folder = config, link, folder
        self.data = config.paths.data
        self.pool = Pool()
        self.talk = Conversation(link, load_checkpoint(self.data / "checkpoints"), self.pool)
        self.ending = Event()
        loader = Loader(folder.root, folder, 10**6)
        self.embedder = Embedder(self.pool, None, loader, self.data / "embeddings", 16, Progress(io.StringIO()))
        self.trainer = Trainer(config, link, self.talk, self.pool, self.embedder, clock, self.ending)
        self.embedder.start()
        self.seq = self.talk.checkpoint.book.applied_seq

    def step(self, *messages: Any) -> None:
        self.link.incoming.extend(messages)
        for _ in range(3):
            self.trainer.step(0)

    def embedded(self, count: int = IMAGES) -> None:
        wait_for(lambda: self.pool.counts().embedded == count and self.embedder.listed, "the images")

    def label(self, *images: int, epoch: int = 1) -> None:
        rows = [label_row(self.seq + i + 1, image, image % 3) for i, image in enumerate(images)]
        self.seq += len(rows)
        self.step(batch_of(rows, epoch=epoch))

    def last(self, kind: type) -> Any:
        return self.link.of(kind)[-1]


Make = Callable[..., Bench]


def train_images(count: int) -> list[int]:
    return [i for i in range(IMAGES) if i not in TEST][:count]
