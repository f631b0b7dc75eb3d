from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from labeler.analyst import Analyst
from labeler.image_store import ImageStore
from labeler.questions import Questions
from labeler.reviewing import Reviewing
from labeler.store import AnnotationStore
from shared.asking import Answer, QuestionRefused

from .conftest import World
from .test_analyst import CLASSES, predictions, say, tests
from .test_desk import hello


@pytest.fixture
def zoo(make_world: Callable[..., World]) -> World:
    """Ninety images, thirty of them test images, all labelled cat and dog in turn."""
    world = make_world(classes=CLASSES)
    world.find(90)
    for lane in ("test", "train"):
        images = [row for row in world.get("/api/pool")["images"] if row["lane"] == lane]
        for i, image in enumerate(images):
            assert world.annotate(image["image_id"], CLASSES[i % 2])[0] == 201
    hello(world.labeler.desk)
    return world


def blind(world: World) -> Any:
    return world.get("/api/review/holdout")["tasks"]


def test_the_hold_out_is_asked_blind_and_mixed_with_as_many_that_agree(zoo: World) -> None:
    say(zoo, 1)
    mistakes = {row["image_id"] for row in zoo.get("/api/analysis/images?kind=mistakes&version=1")["images"]}
    tasks = blind(zoo)
    asked = [task["image_id"] for task in tasks]
    assert mistakes < set(asked)
    assert len(asked) == len(set(asked)) == 2 * len(mistakes)
    truth, probs = predictions(zoo, 1)
    right = dict(zip([row["image_id"] for row in tests(zoo)], probs.argmax(axis=1) == truth, strict=True))
    assert all(right[image] for image in set(asked) - mistakes)
    assert asked != sorted(asked, key=lambda image: image not in mistakes)
    assert all(set(task) == {"image_id", "url", "filename", "blind"} and task["blind"] for task in tasks)
    assert blind(zoo) == tasks


def test_an_answer_is_an_ordinary_annotation_in_its_lane_and_can_be_undone(zoo: World) -> None:
    say(zoo, 1)
    before, image = blind(zoo), blind(zoo)[0]["image_id"]
    status, _ = zoo.annotate(image, "owl", lane="review", annotation_id="again", annotator="Ada")
    assert status == 201
    row = zoo.get("/api/annotations?limit=1000")["annotations"][-1]
    assert (row["lane"], row["label"], row["annotator"], row["image_id"]) == ("review", "owl", "Ada", image)
    assert image not in {task["image_id"] for task in blind(zoo)}
    assert zoo.client.delete("/api/annotations/again").status_code == 200
    assert blind(zoo) == before


def test_no_other_lane_can_be_claimed(zoo: World) -> None:
    status, answer = zoo.annotate(tests(zoo)[0]["image_id"], "owl", lane="test")
    assert (status, answer["error"]["field"]) == (400, "lane")


def test_before_the_first_evaluation_there_is_nothing_to_look_at(zoo: World) -> None:
    assert zoo.get("/api/review/holdout") == {"tasks": [], "examined": 0}


def test_training_labels_come_from_the_trainer_with_label_and_suggestion(zoo: World) -> None:
    labeler, train = zoo.labeler, [row for row in zoo.get("/api/pool")["images"] if row["lane"] == "train"]
    numbers = [row["number"] for row in train]
    issues = [[numbers[2], 0, 1, 0.1, 0.8], [numbers[1], 0, 1, 0.2, 0.7], [numbers[3], 1, 0, 0.2, 0.7]]
    questions = Told({"issues": issues, "examined": 60, "left_out": 0})
    reviewing = reviewing_with(zoo, questions)
    zoo.annotate(train[3]["image_id"], "dog", lane="review")
    answer = reviewing.training(7)
    (task,) = answer["tasks"]  # the second carries another label by now, the third was reviewed
    assert (task["image_id"], task["label"], task["suggestion"], task["blind"]) == (
        train[2]["image_id"], "cat", "dog", False,
    )  # fmt: skip
    assert (task["confidence"], task["label_confidence"], answer["examined"]) == (0.8, 0.1, 60)
    assert labeler.board.queue.is_test(numbers[2]) is False


def test_a_trainer_that_is_away_or_has_too_few_labels_says_so(zoo: World) -> None:
    zoo.labeler.desk.lost(zoo.labeler.desk.view.epoch)
    answer = zoo.client.get("/api/review/training?turn=1")
    assert answer.status_code == 503
    assert "away" in answer.get_json()["error"]["message"]
    reviewing = reviewing_with(zoo, Told({}, "12 training labels can be doubted"))
    with pytest.raises(QuestionRefused, match="12 training labels"):
        reviewing.training(1)


class Told(Questions):
    """Questions that are answered at once."""

    def __init__(self, facts: dict[str, Any], refusal: str = "") -> None:
        self._facts, self._refusal, self._lock = facts, refusal, threading.Lock()

    def ask(self, question: object, wait_s: float) -> Answer:
        if self._refusal:
            raise QuestionRefused(self._refusal)
        return Answer(self._facts)


def reviewing_with(world: World, questions: Questions) -> Reviewing:
    board, images = world.labeler.board, ImageStore(world.database)
    analyst = Analyst(world.labeler.desk.versions, board, images)
    return Reviewing(analyst, questions, board, AnnotationStore(world.database), images)
