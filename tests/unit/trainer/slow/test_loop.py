"""The slow loop with a process that says what the test wants."""

from __future__ import annotations

from collections.abc import Callable

import torch

from shared.config import load_config
from shared.messages import SlowReport, SlowState
from tests.unit.trainer.conftest import FolderLabeler, MemoryLink, welcome_to
from tests.unit.trainer.models.test_small_cnn import photos
from tests.waiting import wait_for
from trainer.checkpoint import Checkpoint
from trainer.conversation import Conversation
from trainer.link import LinkUp
from trainer.models.backbone import NetworkSpace
from trainer.models.small_cnn import small_cnn
from trainer.pool import Pool
from trainer.slow.loop import SlowLoop, is_enabled
from trainer.slow.messages import Step
from trainer.slow.schedule import Kind

from .conftest import CPU, IMAGES, Bench


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


def test_painted_masks_are_worth_one_more_round(bench: Bench) -> None:
    bench.tick()
    bench.finish(accepted=False)
    bench.label(15)
    bench.tick()
    bench.masks = 3
    bench.finish(accepted=False)
    bench.tick()
    assert len(bench.started) == 3, "painted while the round was on"
    bench.finish(accepted=False)
    bench.tick()
    assert len(bench.started) == 3
    bench.masks = 4
    bench.tick()
    assert len(bench.started) == 4


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


def test_of_embeddings_that_were_replaced_the_newest_stay(bench: Bench) -> None:
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
    assert {pixels.id, first.id, second.id} == bench.embeddings()
    bench.label(15)
    wait_for(lambda: bench.pool.counts().embedded == IMAGES, "the images once more")
    bench.tick()
    bench.finish(accepted=True)
    third = bench.pool.space
    assert third is not None
    assert {pixels.id, second.id, third.id} == bench.embeddings()


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


def test_a_round_ends_where_fine_tuning_is_turned_off(bench: Bench) -> None:
    bench.tick()
    off = load_config(environ={}, flags={"paths.data": bench.data, "slow.enabled": False})
    bench.slow.use(off)
    bench.tick()
    assert bench.started[0].closed
    assert "turned off" in bench.last.sentence
    bench.tick()
    assert len(bench.started) == 1
    bench.slow.use(bench.config)
    bench.tick()
    assert len(bench.started) == 2


def test_a_round_is_told_the_weights_of_classes_by_number(bench: Bench) -> None:
    flags = {"paths.data": bench.data, "train.class_weights": {"class 1": 3.0, "nobody": 2.0}}
    bench.slow.use(load_config(environ={}, flags=flags))
    bench.tick()
    assert bench.started[0].job.class_weights == {1: 3.0}
