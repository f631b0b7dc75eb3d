"""Versions that people go back to, and train on from, in the slow loop."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.messages import SlowReport
from shared.steering import Recall, RecallKind
from tests.waiting import wait_for
from trainer.slow.loop import SlowLoop

from .conftest import CPU, IMAGES, Bench


def wish(revision: int, space: str, kind: RecallKind = RecallKind.ROLLBACK) -> Recall:
    return Recall(kind=kind, revision=revision, version=9, space=space)


def accepted(bench: Bench, labels: int) -> str:
    """The id of the space that a further round makes."""
    bench.label(labels)
    wait_for(lambda: bench.pool.counts().embedded == IMAGES, "the images")
    bench.tick()
    bench.finish(accepted=True)
    assert bench.pool.space is not None
    return bench.pool.space.id


def test_a_rollback_swaps_the_space_once_and_stays_over_a_restart(bench: Bench) -> None:
    kept: list[str] = []
    bench.slow._keep = lambda: kept
    kept.append(accepted(bench, 1))
    kept.append(accepted(bench, 14))
    accepted(bench, 15)
    bench.slow.wish = wish(1, kept[0])
    assert bench.tick()
    assert bench.pool.space is not None
    assert bench.pool.space.id == kept[0]
    assert not bench.tick(), "once is enough"
    newest = accepted(bench, 25)
    assert bench.started[-1].job.network == f"{kept[0]}.safetensors"
    assert bench.pool.space.id == newest
    again = SlowLoop(bench.config, bench.talk, bench.pool, None, CPU, lambda: 0.0, bench._start)
    again.wish = bench.slow.wish
    assert not again.tick(bench.embedder)
    assert bench.pool.space.id == newest, "a restart does not repeat it"


def test_a_round_at_hand_ends_when_a_version_is_asked_for(bench: Bench) -> None:
    first = accepted(bench, 1)
    bench.label(14)
    wait_for(lambda: bench.pool.counts().embedded == IMAGES, "the images")
    bench.tick()
    bench.slow.wish = wish(1, first)
    bench.tick()
    assert bench.started[-2].closed
    assert "version 9 was asked for" in str(bench.link.of(SlowReport)[-2])
    assert bench.started[-1].job.network == f"{first}.safetensors"


def test_to_train_on_from_a_version_begins_a_round_with_its_network_at_once(bench: Bench) -> None:
    first = accepted(bench, 1)
    bench.slow._keep = lambda: [first]
    second = accepted(bench, 14)
    bench.tick()
    rounds = len(bench.started)
    bench.slow.wish = wish(4, first, RecallKind.FINETUNE)
    wait_for(lambda: bench.pool.counts().embedded == IMAGES, "the images")
    assert not bench.tick()
    assert len(bench.started) == rounds + 1
    assert bench.started[-1].job.network == f"{first}.safetensors"
    assert bench.pool.space is not None
    assert bench.pool.space.id == second


def test_back_to_pixels_and_a_network_that_is_gone(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    pixels = bench.pool.space
    assert pixels is not None
    first = accepted(bench, 1)
    bench.slow.wish = wish(1, "small_cnn-16-gone")
    assert not bench.tick()
    assert "is not there" in caplog.text
    assert bench.pool.space is not None
    assert bench.pool.space.id == first
    bench.slow.wish = wish(2, pixels.id)
    assert bench.tick()
    back: Callable[[], bool] = lambda: bench.pool.space is not None and bench.pool.space.info.kind == "pixels"  # noqa: E731
    wait_for(back, "pixels again")
