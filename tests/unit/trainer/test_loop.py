"""The whole loop against a link in memory."""

from __future__ import annotations

import json
from threading import Thread

import pytest

from shared.messages import (
    Finished,
    MetricsReport,
    Ranking,
    SessionNews,
    SessionState,
    StopReached,
    TrainerState,
    TrainerStatus,
    UnreadableImages,
)
from tests.unit.trainer.bench import IMAGES, TEST, Make, train_images
from tests.unit.trainer.conftest import FolderLabeler, png, welcome_to
from tests.waiting import wait_for
from trainer.checkpoint import load_checkpoint
from trainer.link import LinkDown, LinkUp


def test_before_any_label_the_pool_is_covered(make: Make) -> None:
    bench = make()
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    ranking = bench.last(Ranking)
    assert ranking.strategy == "uherding"
    assert {entry.image for entry in ranking.entries} == set(train_images(IMAGES))
    assert all(entry.prediction is None for entry in ranking.entries)


def test_labels_are_learnt_and_the_order_follows(make: Make) -> None:
    bench = make(strategy__explore=0.0)
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    version = bench.last(Ranking).version
    bench.label(*train_images(15))
    ranking = bench.last(Ranking)
    assert ranking.strategy == "uherding"
    assert ranking.version > version
    assert ranking.based_on_seq == 15
    assert not {entry.image for entry in ranking.entries} & (set(train_images(15)) | set(TEST))
    right = [entry.prediction.top[0][0] == entry.image % 3 for entry in ranking.entries]
    assert sum(right) / len(right) > 0.9
    scores = [entry.score for entry in ranking.entries]
    assert scores[0] == max(scores)
    assert ranking.entries[0].neighbours


def test_the_ranking_leaves_before_the_evaluation(make: Make) -> None:
    bench = make()
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    bench.link.sent.clear()
    bench.label(1, 2, 3)
    kinds = [type(message).__name__ for message in bench.link.sent]
    assert kinds.index("Applied") < kinds.index("Ranking") < kinds.index("MetricsReport")


def test_only_hold_out_images_are_measured_and_none_is_learnt_from(make: Make) -> None:
    bench = make()
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    bench.label(*train_images(12), *list(TEST)[:6])
    report = bench.last(MetricsReport)
    assert report.labels == 12
    assert report.metrics["accuracy"].n == 6
    assert report.metrics["accuracy"].value > 0.8
    assert {name for name in report.metrics if name.startswith("recall")} <= {f"recall/class {i}" for i in range(3)}


def test_a_label_that_comes_before_its_image_is_embedded_is_learnt_later(make: Make, folder: FolderLabeler) -> None:
    bench = make()
    with bench.embedder.held():
        bench.step(LinkUp(), welcome_to())
        bench.label(*train_images(9))
        assert bench.talk.checkpoint.book.applied_seq == 9
    bench.embedded()
    bench.step()
    assert bench.last(MetricsReport).labels == 9


def test_after_a_new_handshake_everything_is_said_again_with_higher_versions(make: Make) -> None:
    bench = make()
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    bench.label(1, 2, 3)
    bench.link.sent.clear()
    bench.step(LinkDown(), LinkUp(), welcome_to(epoch=2, last_seq=3, start_after=3, ranking_version=40))
    assert bench.last(Ranking).version > 40
    assert {bench.last(kind).epoch for kind in (Ranking, MetricsReport, TrainerStatus)} == {2}


def test_while_paused_labels_are_taken_in_and_nothing_else_happens(make: Make) -> None:
    bench = make()
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    bench.step(SessionNews(state=SessionState.PAUSED))
    rankings = len(bench.link.of(Ranking))
    bench.label(1, 2, 3)
    assert bench.talk.checkpoint.book.applied_seq == 3
    assert len(bench.link.of(Ranking)) == rankings
    assert bench.last(TrainerStatus).state is TrainerState.PAUSED
    bench.step(SessionNews(state=SessionState.LABELLING))
    assert bench.last(Ranking).based_on_seq == 3


def test_evaluation_and_ranking_as_often_as_configured(make: Make) -> None:
    bench = make(train__evaluate_every=3, train__query_every=2)
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    before = len(bench.link.of(Ranking)), len(bench.link.of(MetricsReport))
    for image in train_images(6):
        bench.label(image)
    assert len(bench.link.of(Ranking)) - before[0] == 3
    assert len(bench.link.of(MetricsReport)) - before[1] == 2


def test_stopping_leaves_a_model_predictions_and_a_checkpoint(make: Make) -> None:
    bench = make()
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    bench.label(*train_images(12), 0)
    bench.step(SessionNews(state=SessionState.STOPPING))
    finished = bench.last(Finished)
    assert finished.applied_seq == 13
    model, predictions = finished.exports
    card = json.loads((bench.data / "exports" / model / "model.json").read_text())
    assert card["classes"] == ["class 0", "class 1", "class 2"]
    assert card["metrics"]["accuracy"]["n"] == 1
    lines = (bench.data / "exports" / predictions).read_text().splitlines()
    assert lines[0] == "image_id,filename,label,confidence"
    assert len(lines) == 1 + IMAGES - 13
    assert load_checkpoint(bench.data / "checkpoints").book.applied_seq == 13
    assert len(bench.link.of(Finished)) == 1


def test_stopping_waits_for_labels_that_are_still_on_their_way(make: Make) -> None:
    bench = make()
    bench.embedded()
    bench.step(LinkUp(), welcome_to(last_seq=3, state=SessionState.STOPPING))
    assert not bench.link.of(Finished)
    bench.label(1, 2, 3)
    assert bench.last(Finished).applied_seq == 3


def test_stopping_without_labels_finishes_without_exports(make: Make) -> None:
    bench = make()
    bench.embedded()
    bench.step(LinkUp(), welcome_to(state=SessionState.STOPPING))
    assert bench.last(Finished).exports == []


def test_a_stopped_session_is_left_alone_until_it_goes_on(make: Make) -> None:
    bench = make()
    bench.embedded()
    bench.step(LinkUp(), welcome_to(state=SessionState.STOPPED))
    assert not bench.link.of(Ranking)
    assert bench.last(TrainerStatus).state is TrainerState.STOPPED
    bench.step(SessionNews(state=SessionState.LABELLING))
    assert bench.link.of(Ranking)


def test_that_all_images_are_labelled_is_for_the_labeler_to_say(make: Make) -> None:
    """It alone knows whether the folder has been looked at to its end."""
    bench = make()
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    bench.label(*range(IMAGES))
    assert not bench.link.of(StopReached)


def test_a_threshold_stops_when_it_is_proven(make: Make, folder: FolderLabeler) -> None:
    for i in range(IMAGES, IMAGES + 50):
        folder.add(f"{i}.png", png(i, i % 3), lane="test")
    bench = make(stop__thresholds={"accuracy": {"at_least": 0.8}})
    bench.embedded(IMAGES + 50)
    bench.step(LinkUp(), welcome_to())
    bench.label(*train_images(15), *TEST)
    assert not bench.link.of(StopReached)
    bench.label(*range(IMAGES, IMAGES + 50))
    assert "accuracy ≥ 80 %" in bench.last(StopReached).reason
    assert bench.last(MetricsReport).outlook[0].reached


def test_started_again_it_goes_on_where_it_was(make: Make) -> None:
    first = make()
    first.embedded()
    first.step(LinkUp(), welcome_to())
    first.label(*train_images(12))
    first.ending.set()
    first.trainer.run()
    second = make()
    second.embedded()
    second.step(LinkUp())
    assert second.link.sent[0].applied_seq == 12
    assert second.link.sent[0].log_id == "log-1"
    second.step(welcome_to(epoch=2, start_after=12, last_seq=12))
    assert second.last(Ranking).based_on_seq == 12
    assert second.last(Ranking).model_version > first.last(Ranking).model_version
    assert second.last(MetricsReport).labels == 12


def test_unreadable_images_are_reported_and_again_after_a_handshake(make: Make, folder: FolderLabeler) -> None:
    folder.add("broken.png", b"no image")
    bench = make()
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    wait_for(lambda: bench.trainer.step(0) or bench.link.of(UnreadableImages), "the report")
    assert [image.image for image in bench.last(UnreadableImages).images] == [IMAGES]
    bench.step(LinkDown(), LinkUp(), welcome_to(epoch=2))
    assert bench.last(UnreadableImages).epoch == 2


def test_a_full_disk_delays_the_end_and_loses_nothing(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = make()
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    bench.label(1, 2, 3)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trainer.export.save_file", full)
    bench.step(SessionNews(state=SessionState.STOPPING))
    assert not bench.link.of(Finished)
    monkeypatch.undo()
    wait_for(lambda: bench.trainer.step(0) or bench.link.of(Finished), "the second attempt")


def test_run_ends_when_told(make: Make) -> None:
    bench = make()
    thread = Thread(target=bench.trainer.run)
    thread.start()
    bench.ending.set()
    thread.join(timeout=30)
    assert not thread.is_alive()


def test_a_class_without_training_labels_is_never_predicted(make: Make) -> None:
    bench = make()
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    bench.label(1, 4, 7, 2, 8, 0)
    ranking = bench.last(Ranking)
    assert {number for entry in ranking.entries for number, _ in entry.prediction.top} == {1, 2}
    assert bench.last(MetricsReport).metrics["accuracy"].value == 0.0


def test_advice_comes_with_its_figures_and_ends_nothing_by_itself(make: Make) -> None:
    bench = make(advice__every=4, advice__most_changed=1.0)
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    for start in (0, 4, 8, 12):
        bench.label(*train_images(48)[start : start + 4])
    advice = {line.rule: line for line in bench.last(MetricsReport).advice}
    assert advice["change"].holds
    assert "the last 4 labels changed" in advice["change"].sentence
    assert "of 48 predictions" in advice["change"].sentence
    assert not bench.link.of(StopReached)


def test_a_rule_set_to_stop_ends_the_session_once(make: Make) -> None:
    bench = make(advice__every=4, advice__most_changed=1.0, advice__change="stop")
    bench.embedded()
    bench.step(LinkUp(), welcome_to())
    bench.label(*train_images(4))
    assert not bench.link.of(StopReached)
    bench.label(*train_images(8)[4:])
    assert "changed" in bench.last(StopReached).reason
    bench.step(SessionNews(state=SessionState.STOPPING))
    said = len(bench.link.of(StopReached))
    assert load_checkpoint(bench.data / "checkpoints").advice.fired == {"change"}
    bench.step(SessionNews(state=SessionState.LABELLING))
    bench.label(*train_images(16)[8:])
    assert len(bench.link.of(StopReached)) == said
    assert bench.last(MetricsReport).advice[0].holds
