"""The slow loop with a process that says what the test wants."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from shared.config import load_config
from shared.messages import SlowReport, SlowState
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
from trainer.slow.loop import SlowLoop, is_enabled
from trainer.slow.messages import Job, Outcome, Step
from trainer.slow.schedule import Kind
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
        self.slow = SlowLoop(self.config, self.talk, self.pool, None, CPU, lambda: self.now, self._start)
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


def test_without_pretrained_weights_it_begins_with_the_images_alone(bench: Bench) -> None:
    bench.tick()
    job = bench.started[0].job
    assert job.kind is Kind.PRETRAIN
    assert job.labels is None
    assert bench.last.state is SlowState.TRAINING
    bench.started[0].says = [Step(state=SlowState.TRAINING, progress=0.43, sentence="training")]
    assert not bench.tick()
    assert bench.last.progress == 0.43
    assert len(bench.started) == 1


def test_what_is_accepted_is_swapped_in_and_kept_over_a_restart(bench: Bench, folder: FolderLabeler) -> None:
    bench.tick()
    assert bench.finish(accepted=True)
    assert bench.pool.space is not None
    assert bench.pool.space.info.kind == "small_cnn"
    assert bench.last.state is SlowState.ACCEPTED
    assert bench.last.sentence == "so it is"
    wait_for(lambda: bench.pool.counts().embedded == IMAGES, "the images in the new space")
    checkpoint = Checkpoint(log_id="log-1")
    again = SlowLoop(
        bench.config, Conversation(MemoryLink(), checkpoint, Pool()), Pool(), None, CPU, lambda: 0.0, bench._start
    )
    space = again.space()
    assert space is not None
    assert space.id == bench.pool.space.id


def test_what_is_refused_is_not_used_but_the_next_round_begins_from_the_pretrained_weights(bench: Bench) -> None:
    bench.tick()
    assert not bench.finish(accepted=False)
    assert bench.last.state is SlowState.REFUSED
    assert bench.pool.space is not None
    assert bench.pool.space.info.kind == "pixels"
    bench.label(14)
    bench.tick()
    assert len(bench.started) == 1
    bench.label(1)
    bench.tick()
    job = bench.started[1].job
    assert job.kind is Kind.TRAIN
    assert job.network is not None
    bench.finish(accepted=False)
    bench.label(7)
    bench.tick()
    assert len(bench.started) == 2, "labels have not grown by half"
    bench.label(1)
    bench.tick()
    assert bench.started[2].job.network == job.network
    assert bench.last.round == 3


def test_a_process_that_ends_early_is_reported_and_tried_again_later(bench: Bench) -> None:
    bench.tick()
    bench.started[0].status = -9
    assert not bench.tick()
    assert bench.last.state is SlowState.FAILED
    assert "-9" in bench.last.sentence
    assert bench.started[0].closed
    bench.now = 29.0
    bench.tick()
    assert len(bench.started) == 1
    bench.now = 31.0
    bench.tick()
    bench.started[1].status = 1
    bench.tick()
    bench.now = 90.0
    bench.tick()
    assert len(bench.started) == 2, "the second pause is longer"
    bench.now = 92.0
    bench.tick()
    assert len(bench.started) == 3


def test_the_reason_of_a_failure_is_said(bench: Bench) -> None:
    bench.tick()
    bench.started[0].says = [Step(state=SlowState.FAILED, progress=0.0, sentence="only 3 images could be read")]
    bench.started[0].status = 1
    bench.tick()
    assert bench.last.sentence == "failed: only 3 images could be read; trying again in 30 s"


def test_embeddings_that_were_replaced_are_removed(bench: Bench) -> None:
    pixels = bench.pool.space
    bench.tick()
    bench.finish(accepted=True)
    first = bench.pool.space
    bench.label(15)
    bench.tick()
    wait_for(lambda: bench.pool.counts().embedded == IMAGES, "the images in the new space")
    bench.tick()
    bench.finish(accepted=True)
    second = bench.pool.space
    assert pixels is not None
    assert first is not None
    assert second is not None
    left = {path.name for path in (bench.data / "embeddings").iterdir() if path.is_dir()}
    assert {pixels.id, second.id} <= left
    assert first.id not in left


def test_another_log_takes_back_what_was_trained_on_this_one(bench: Bench) -> None:
    bench.tick()
    bench.finish(accepted=True)
    bench.take(LinkUp(), welcome_to(log_id="log-2", epoch=2))
    assert bench.tick()
    pixels: Callable[[], bool] = lambda: bench.pool.space is not None and bench.pool.space.info.kind == "pixels"  # noqa: E731
    wait_for(pixels, "pixels again")


def test_the_last_report_is_said_again_after_a_handshake(bench: Bench) -> None:
    bench.tick()
    count = len(bench.link.of(SlowReport))
    bench.tick()
    assert len(bench.link.of(SlowReport)) == count
    bench.slow.again()
    bench.tick()
    assert len(bench.link.of(SlowReport)) == count + 1


def test_closing_ends_the_process(bench: Bench) -> None:
    bench.tick()
    bench.slow.close()
    assert bench.started[0].closed


def test_a_round_that_is_interrupted_does_not_go_on_for_ever(bench: Bench) -> None:
    bench.slow.interrupt()
    assert not bench.link.of(SlowReport), "there is no round"
    bench.tick()
    bench.slow.interrupt()
    assert bench.started[0].closed
    assert bench.last.state is SlowState.FAILED
    assert "stopped" in bench.last.sentence
    bench.tick()
    assert len(bench.started) == 2, "labelling goes on"


def test_it_is_on_by_itself_without_pretrained_weights_and_on_a_gpu() -> None:
    config = load_config(environ={})
    space = NetworkSpace(*small_cnn(photos(4)), CPU)
    assert is_enabled(config, None, CPU)
    assert not is_enabled(config, space, CPU)
    assert is_enabled(config, space, torch.device("cuda"))
    off = load_config(environ={"LABELSTREAM_SLOW__ENABLED": "false"})
    assert not is_enabled(off, None, CPU)
    on = load_config(environ={"LABELSTREAM_SLOW__ENABLED": "true"})
    assert is_enabled(on, space, CPU)
