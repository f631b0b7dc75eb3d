from __future__ import annotations

import pytest

from labeler.desk import TrainerDesk
from shared.errors import ProtocolError
from shared.events import PROTOCOL_VERSION
from shared.messages import (
    Advice,
    AnnotationBatch,
    Applied,
    Finished,
    Hello,
    MetricsReport,
    MetricValue,
    Prediction,
    Ranking,
    RankingEntry,
    Reason,
    ReasonKind,
    Resend,
    SlowReport,
    SlowState,
    StopOutlook,
    StopReached,
    TrainerState,
    TrainerStatus,
    UnreadableImage,
    UnreadableImages,
    Welcome,
)

from .conftest import World


def hello(desk: TrainerDesk, log_id: str | None = None, applied: int = 0) -> Welcome:
    return desk.welcome(Hello(protocol=PROTOCOL_VERSION, log_id=log_id, applied_seq=applied, model_version=0))


def order(epoch: int, version: int, images: list[int]) -> Ranking:
    entries = [
        RankingEntry(
            image=i,
            score=0.5,
            reason=Reason(kind=ReasonKind.UNCERTAIN, classes=[0, 1]),
            prediction=Prediction(top=[(1, 0.6), (0, 0.4)]),
        )
        for i in images
    ]
    return Ranking(epoch=epoch, version=version, based_on_seq=0, model_version=4, strategy="margin", entries=entries)


def report(epoch: int, seq: int, accuracy: float = 0.9) -> MetricsReport:
    return MetricsReport(
        epoch=epoch,
        based_on_seq=seq,
        model_version=seq,
        labels=seq,
        train_loss=0.1,
        metrics={"accuracy": MetricValue(value=accuracy, low=0.8, high=0.95, n=50)},
        outlook=[StopOutlook(metric="accuracy", reached=False, sentence="more")],
    )


def train_images(world: World) -> list[int]:
    return [row["number"] for row in world.get("/api/pool")["images"] if row["lane"] == "train"]


@pytest.fixture
def desk(world: World) -> TrainerDesk:
    return world.labeler.desk


def test_each_hello_is_a_later_epoch_also_after_a_restart(world: World) -> None:
    epochs = [hello(world.labeler.desk).epoch for _ in range(2)]
    world.restart()
    epochs.append(hello(world.labeler.desk).epoch)
    assert epochs == [1, 2, 3]


def test_another_protocol_is_refused_with_a_sentence(desk: TrainerDesk) -> None:
    with pytest.raises(ProtocolError, match="use one release of both"):
        desk.welcome(Hello(protocol=99, log_id=None, applied_seq=0, model_version=0))


def test_a_trainer_of_this_log_goes_on_and_any_other_starts_over(world: World, desk: TrainerDesk) -> None:
    for label in ("cat", "dog", "cat"):
        world.label_next(label)
    mine = world.database.log_id
    assert hello(desk, mine, 2).start_after == 2
    assert hello(desk, mine, 99).start_after == 0
    assert hello(desk, "11111111-1111-1111-1111-111111111111", 2).start_after == 0
    assert hello(desk, None, 0).start_after == 0


def test_the_log_is_streamed_batch_by_batch_as_it_is_acknowledged(world: World, desk: TrainerDesk) -> None:
    welcome = hello(desk)
    assert desk.next_batch() is None
    world.label_next("cat")
    batch = desk.next_batch()
    assert isinstance(batch, AnnotationBatch)
    assert (batch.seq_from, batch.seq_to, batch.epoch) == (1, 1, welcome.epoch)
    assert [c.name for c in batch.classes] == ["cat", "dog"]
    world.label_next("dog")
    assert isinstance(desk.next_batch(), float)
    desk.applied(Applied(epoch=welcome.epoch, seq=1))
    following = desk.next_batch()
    assert isinstance(following, AnnotationBatch)
    assert following.seq_from == 2


def test_a_gap_is_sent_again(world: World, desk: TrainerDesk) -> None:
    welcome = hello(desk)
    world.label_next("cat")
    desk.next_batch()
    desk.applied(Applied(epoch=welcome.epoch, seq=1))
    desk.resend(Resend(epoch=welcome.epoch, after=0))
    batch = desk.next_batch()
    assert isinstance(batch, AnnotationBatch)
    assert batch.seq_from == 1


def test_messages_of_an_older_epoch_are_dropped(world: World, desk: TrainerDesk) -> None:
    old = hello(desk).epoch
    new = hello(desk).epoch
    images = train_images(world)
    desk.ranking(order(old, 5, images[:3]))
    desk.metrics(report(old, 1))
    desk.stop_reached(StopReached(epoch=old, reason="x"))
    assert (world.state()["queue"]["version"], world.state()["metrics"]) == (0, {})
    desk.lost(old)
    assert world.state()["trainer"]["connected"]
    desk.ranking(order(new, 5, images[:3]))
    assert world.state()["queue"]["version"] == 5


def test_a_ranking_puts_its_images_next_with_their_reason(world: World, desk: TrainerDesk) -> None:
    epoch = hello(desk).epoch
    images = train_images(world)[5:8]
    desk.ranking(order(epoch, 1, images))
    tasks = world.lease(count=3)["tasks"]
    numbers = {row["image_id"]: row["number"] for row in world.get("/api/pool")["images"]}
    assert [numbers[t["image_id"]] for t in tasks] == images
    assert tasks[0]["why"] == {"kind": "uncertain", "text": "uncertain: cat or dog"}
    assert tasks[0]["prediction"]["label"] == "dog"
    assert tasks[0]["lane"] == "query"


def test_the_suggestion_that_was_shown_is_recorded(world: World, desk: TrainerDesk) -> None:
    epoch = hello(desk).epoch
    desk.ranking(order(epoch, 1, train_images(world)[:2]))
    first, second = (t["image_id"] for t in world.lease(count=2)["tasks"])
    world.annotate(first, "dog")
    world.annotate(second, "cat")
    rows = world.get("/api/annotations")["annotations"]
    assert [(r["suggestion"], r["accepted"], r["model_version"]) for r in rows] == [("dog", True, 4), ("dog", False, 4)]


def test_a_test_image_is_never_shown_with_a_suggestion(world: World, desk: TrainerDesk) -> None:
    epoch = hello(desk).epoch
    everything = [row["number"] for row in world.get("/api/pool")["images"]]
    desk.ranking(order(epoch, 1, everything))
    for task in world.lease(count=20)["tasks"]:
        assert (task["prediction"] is None) == (task["lane"] == "test")


def test_metrics_are_kept_for_ever_and_never_go_back(world: World, desk: TrainerDesk) -> None:
    epoch = hello(desk).epoch
    desk.metrics(report(epoch, 4, 0.7))
    desk.metrics(report(epoch, 9, 0.9))
    desk.metrics(report(epoch, 9, 0.9))
    desk.metrics(report(epoch, 6, 0.1))
    world.restart()
    history = world.get("/api/metrics")["history"]
    assert [(row["seq"], row["metrics"]["accuracy"]["value"]) for row in history] == [(4, 0.7), (9, 0.9)]
    assert world.state()["metrics"]["accuracy"]["n"] == 50


def test_undecodable_images_leave_the_queue_with_their_reason(world: World, desk: TrainerDesk) -> None:
    epoch = hello(desk).epoch
    row = world.get("/api/pool")["images"][0]
    bad = [
        UnreadableImage(image=row["number"], content_hash=row["content_hash"], reason="is broken inside"),
        UnreadableImage(image=1, content_hash="f" * 32, reason="of an older content"),
        UnreadableImage(image=10_000, content_hash="f" * 32, reason="unknown"),
    ]
    desk.unreadable(UnreadableImages(epoch=epoch, images=bad))
    assert world.state()["counts"]["images"] == 29
    assert [f["reason"] for f in world.get("/api/files?problem=unreadable")["files"]] == ["is broken inside"]


def test_a_reached_threshold_stops_and_the_finished_model_ends_it(world: World, desk: TrainerDesk) -> None:
    epoch = hello(desk).epoch
    desk.stop_reached(StopReached(epoch=epoch, reason="accuracy is at least 95 %"))
    assert world.state()["session"] == "stopping"
    desk.finished(Finished(epoch=epoch, applied_seq=0, model_version=1, exports=["model-1"]))
    state = world.state()
    assert (state["session"], state["stop_reason"]) == ("stopped", "accuracy is at least 95 %")
    world.restart()
    assert world.state()["session"] == "stopped"
    world.post("/api/control", {"action": "resume"})
    assert world.state()["session"] == "labelling"


def test_the_page_sees_what_the_trainer_does(world: World, desk: TrainerDesk) -> None:
    epoch = hello(desk).epoch
    desk.status(
        TrainerStatus(
            epoch=epoch,
            state=TrainerState.EMBEDDING,
            applied_seq=0,
            model_version=2,
            embedded=7,
            pool=30,
            backbone="mobilenet_v2",
        )
    )
    world.label_next("cat")
    trainer = world.state()["trainer"]
    assert (trainer["state"], trainer["embedded"], trainer["pool"], trainer["pending"]) == ("embedding", 7, 30, 1)
    desk.lost(epoch)
    assert world.state()["trainer"]["connected"] is False


def test_a_batch_says_which_training_images_are_leased(world: World, desk: TrainerDesk) -> None:
    hello(desk)
    world.label_next("cat")
    lanes = {row["image_id"]: (row["number"], row["lane"]) for row in world.get("/api/pool")["images"]}
    held = [lanes[task["image_id"]] for task in world.lease(count=8)["tasks"]]
    batch = desk.next_batch()
    assert isinstance(batch, AnnotationBatch)
    assert sorted(batch.leased) == sorted(number for number, lane in held if lane == "train")
    assert {lane for _, lane in held} == {"train", "test"}


def test_advice_is_kept_over_a_restart_and_told_also_without_a_new_evaluation(world: World, desk: TrainerDesk) -> None:
    epoch = hello(desk).epoch
    desk.metrics(report(epoch, 4))
    advice = Advice(rule="stable", holds=True, stops=False, sentence="the last 100 labels changed 0.2 %")
    desk.metrics(report(epoch, 4).model_copy(update={"advice": [advice]}))
    assert world.state()["advice"] == [advice.wire()]
    assert world.labeler.desk.guidance.advice == [advice]
    world.restart()
    state = world.state()
    assert (state["advice"], state["outlook"][0]["sentence"]) == ([advice.wire()], "more")
    assert len(world.get("/api/metrics")["history"]) == 1


def slow(epoch: int, number: int, state: SlowState, progress: float = 1.0) -> SlowReport:
    return SlowReport(epoch=epoch, round=number, state=state, labels=50, progress=progress, sentence="")


def shown(world: World) -> list[tuple[int, str, float]]:
    return [(row["round"], row["state"], row["progress"]) for row in world.state()["slow"]]


def test_rounds_of_the_slow_loop_only_go_forward_and_outlive_a_restart(world: World, desk: TrainerDesk) -> None:
    epoch = hello(desk).epoch
    desk.slow(slow(epoch, 2, SlowState.TRAINING, 0.4))
    desk.slow(slow(epoch, 1, SlowState.ACCEPTED))
    desk.slow(slow(epoch, 2, SlowState.TRAINING, 0.3))
    assert shown(world) == [(2, "training", 0.4), (1, "accepted", 1.0)]
    desk.slow(slow(epoch, 2, SlowState.REFUSED))
    desk.slow(slow(epoch, 2, SlowState.EMBEDDING, 0.9))
    assert shown(world)[0] == (2, "refused", 1.0)
    desk.slow(slow(epoch - 1, 3, SlowState.FAILED))
    world.restart()
    assert shown(world) == [(2, "refused", 1.0), (1, "accepted", 1.0)]
    again = hello(world.labeler.desk).epoch
    world.labeler.desk.slow(slow(again, 2, SlowState.TRAINING, 0.1))
    assert shown(world)[0] == (2, "training", 0.1)


def test_no_more_rounds_are_shown_than_a_person_reads(world: World, desk: TrainerDesk) -> None:
    epoch = hello(desk).epoch
    for number in range(1, 15):
        desk.slow(slow(epoch, number, SlowState.REFUSED))
    assert [number for number, _, _ in shown(world)] == list(range(14, 4, -1))
