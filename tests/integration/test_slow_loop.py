"""The slow loop with real processes, which ask a real server for the directory and read real images."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
import torch

from shared.config import Config, load_config
from shared.messages import SlowReport, SlowState
from tests.unit.trainer.conftest import FolderLabeler, MemoryLink, batch_of, label_row, png, welcome_to
from tests.waiting import wait_for
from trainer.checkpoint import Checkpoint
from trainer.conversation import Conversation
from trainer.embedder import Embedder
from trainer.link import LinkUp
from trainer.loading import Loader
from trainer.pool import Pool
from trainer.progress import Progress
from trainer.slow.loop import SlowLoop
from trainer.slow.process import RoundProcess

IMAGES = 80
TEST = range(0, IMAGES, 8)
START_S = 180.0


@pytest.fixture
def url(tmp_path: Path) -> Iterator[tuple[str, FolderLabeler]]:
    """A server that answers `/api/pool` for a folder of tiny images, and `/api/masks` without any."""
    root = tmp_path / "images"
    root.mkdir()
    folder = FolderLabeler(root)
    for i in range(IMAGES):
        folder.add(f"{i}.png", png(i, i % 3, size=16), lane="test" if i in TEST else "train")

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            pool = folder.pool(int(parse_qs(asked.query)["after"][0])).wire()
            body = json.dumps({"masks": [], "last": 0} if asked.path == "/api/masks" else pool).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    server.server_close()


class Trainer:
    """What the slow loop needs of a trainer; `now` is its clock."""

    def __init__(self, config: Config, folder: FolderLabeler, checkpoint: Checkpoint) -> None:
        self.now = 0.0
        self.link = MemoryLink()
        self.pool = Pool()
        self.talk = Conversation(self.link, checkpoint, self.pool)
        self.processes: list[RoundProcess] = []
        self.slow = SlowLoop(config, self.talk, self.pool, None, torch.device("cpu"), lambda: self.now, self._start)
        loader = Loader(folder.root, folder, 10**6)
        self.embedder = Embedder(
            self.pool, self.slow.space(), loader, config.paths.data / "embeddings", 16, Progress(io.StringIO())
        )
        self.embedder.start()
        self.talk.take([LinkUp(), welcome_to(last_seq=checkpoint.book.applied_seq)])

    def _start(self, job: object) -> RoundProcess:
        self.processes.append(RoundProcess(job))  # type: ignore[arg-type]
        return self.processes[-1]

    def label(self, count: int) -> None:
        images = [i for i in range(IMAGES) if i not in TEST]
        first = self.talk.checkpoint.book.applied_seq + 1
        rows = [label_row(seq, images[seq - 1], images[seq - 1] % 3) for seq in range(first, first + count)]
        self.talk.take([batch_of(rows)])

    def until(self, state: SlowState) -> SlowReport:
        def said() -> SlowReport | None:
            self.slow.tick(self.embedder)
            reports = [r for r in self.link.of(SlowReport) if isinstance(r, SlowReport) and r.state is state]
            return reports[-1] if reports else None

        report = wait_for(said, f"a report of {state}", START_S)
        self.link.sent.clear()
        return report

    @property
    def kind(self) -> str:
        return "" if self.pool.space is None else self.pool.space.info.kind

    def close(self) -> None:
        self.slow.close()
        self.embedder.close()


@pytest.fixture
def start(url: tuple[str, FolderLabeler], tmp_path: Path) -> Iterator[Callable[..., Trainer]]:
    trainers: list[Trainer] = []

    def make(checkpoint: Checkpoint | None = None, **slow: object) -> Trainer:
        flags = {"pretrain_steps": 2, "steps": 2, "min_labels": 24, **slow}
        places = {"paths.images": url[1].root, "paths.data": tmp_path / "data", "trainer.labeler_url": url[0]}
        config = load_config(environ={}, flags={**places, **{f"slow.{key}": value for key, value in flags.items()}})
        trainers.append(Trainer(config, url[1], checkpoint or Checkpoint()))
        return trainers[-1]

    yield make
    for trainer in trainers:
        trainer.close()


@pytest.mark.timeout(400)  # the processes are of low priority, and the machine may be busy
def test_rounds_survive_a_kill_are_accepted_or_refused_and_taken_up_after_a_restart(
    start: Callable[..., Trainer],
) -> None:
    trainer = start(learning_rate=1e20)  # training on labels will diverge
    trainer.until(SlowState.TRAINING)
    os.kill(trainer.processes[0].pid, signal.SIGKILL)
    assert "trying again" in trainer.until(SlowState.FAILED).sentence
    trainer.now = 60.0
    report = trainer.until(SlowState.ACCEPTED)
    assert report.round == 2
    assert report.sentence.startswith("accepted without a test: 0 labels")
    assert trainer.kind == "small_cnn"
    wait_for(lambda: trainer.pool.counts().embedded == IMAGES, "all images in the new space")
    accepted = trainer.pool.space
    trainer.label(30)
    report = trainer.until(SlowState.REFUSED)
    assert "not finite" in report.sentence
    assert report.labels == 30
    assert trainer.pool.space is accepted
    trainer.close()

    again = start(trainer.talk.checkpoint)
    wait_for(lambda: again.pool.counts().embedded == IMAGES, "the images")
    assert accepted is not None
    assert again.pool.space is not None
    assert again.pool.space.id == accepted.id


def test_a_round_ends_with_the_trainer(start: Callable[..., Trainer]) -> None:
    trainer = start(pretrain_steps=100_000)
    trainer.until(SlowState.TRAINING)
    trainer.slow.close()
    with pytest.raises(ProcessLookupError):
        os.kill(trainer.processes[0].pid, 0)
