"""Maps as pages get them: which are refused, how large they are, and what a flood of wishes does to labelling."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from flask import Flask
from PIL import Image

from labeler.classes import Classes
from labeler.desk import TrainerView
from labeler.explanations import MOST_PX, MOST_WAITING, Explanations, resized, shown_size
from labeler.image_store import ImageStore
from labeler.questions import NoAnswerYet, TrainerAway
from labeler.routes.explanations import explanations_blueprint
from labeler.routes.failures import register_failures
from labeler.store import AnnotationStore
from shared.asking import Answer, ExplainQuestion, MethodsQuestion, Question, QuestionRefused
from tests.waiting import wait_for

from .conftest import World

FACTS = {"version": 4, "class_id": 1, "confidence": 0.7, "top": [[1, 0.7], [0, 0.3]], "classes": [0, 1], "note": "few"}


def grey(values: np.ndarray) -> bytes:
    target = BytesIO()
    Image.fromarray(values.astype(np.uint8)).save(target, "PNG")
    return target.getvalue()


@dataclass
class StubQuestions:
    """Answers what a test says, or raises it; holds back those that are willing to wait while `busy`."""

    says: Answer | Exception
    asked: list[Question] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    busy: threading.Event | None = None

    def ask(self, question: Question, wait_s: float) -> Answer:
        self.asked.append(question)
        self.waits.append(wait_s)
        if self.busy is not None:
            if wait_s:
                self.busy.wait(30)
            raise NoAnswerYet("the trainer is working on it; ask again", 0.25)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


class Room:
    """The maps beside a labeler with thirty images of 32 × 32 pixels."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.view = TrainerView(connected=True, epoch=1, model_version=4)
        self.map = np.zeros((8, 8))
        self.map[2, 5] = 255
        self.questions = StubQuestions(Answer(FACTS, grey(self.map)))
        board, images = world.labeler.board, ImageStore(world.database)
        classes = Classes(board, AnnotationStore(world.database))
        self.explanations = Explanations(board, images, classes, self.questions, lambda: self.view)  # type: ignore[arg-type]
        app = Flask("explanations")
        register_failures(app)
        app.register_blueprint(explanations_blueprint(self.explanations))
        self.client: Any = app.test_client()
        pool = world.get("/api/pool")["images"]
        self.train = [row for row in pool if row["lane"] == "train"]
        self.test = [row for row in pool if row["lane"] == "test"]

    def get(self, image_id: str, query: str = "method=gradcam") -> Any:
        return self.client.get(f"/api/explanations/{image_id}?{query}")


@pytest.fixture
def room(world: World) -> Room:
    return Room(world)


def sentence(answer: Any) -> str:
    return str(answer.get_json()["error"]["message"])


def test_a_map_as_large_as_the_image_and_what_it_is_of(room: Room) -> None:
    answer = room.get(room.train[0]["image_id"])
    shown = np.asarray(Image.open(BytesIO(answer.get_data())))
    assert (answer.status_code, answer.mimetype, shown.shape) == (200, "image/png", (32, 32))
    row, column = divmod(int(shown.argmax()), 32)
    assert (row // 4, column // 4) == (2, 5)
    facts = json.loads(answer.headers["X-Explanation"])
    assert facts == {
        "version": 4,
        "class": "dog",
        "classes": ["cat", "dog"],
        "confidence": 0.7,
        "note": "few",
        "top": [{"label": "dog", "confidence": 0.7}, {"label": "cat", "confidence": 0.3}],
    }


def test_what_is_asked_of_the_trainer(room: Room) -> None:
    row = room.train[3]
    room.get(row["image_id"], "method=gradcam%2B%2B&class=dog&version=2&layer=features&shifted=1")
    room.get(row["image_id"])
    chosen, plain = room.questions.asked
    shared = {"image": row["number"], "content": row["image_id"]}
    assert chosen == ExplainQuestion(
        **shared, method="gradcam++", class_id=1, version=2, layer="features", shifted=True
    )
    assert plain == ExplainQuestion(**shared, method="gradcam", turn=4)


def test_a_hold_out_image_shows_nothing_before_it_is_labelled(room: Room) -> None:
    image_id = room.test[0]["image_id"]
    refused = room.get(image_id)
    assert refused.status_code == 409
    assert "hold-out and is still to be labelled" in sentence(refused)
    assert room.client.get(f"/api/explanations/{image_id}/image").status_code == 409
    assert not room.questions.asked
    room.world.annotate(image_id, kind="skip")
    assert room.get(image_id).status_code == 409
    assert room.world.annotate(image_id, "cat")[0] == 201
    assert room.get(image_id).status_code == 200
    about = room.client.get(f"/api/explanations/{image_id}/image").get_json()
    assert (about["label"], about["test"], about["url"]) == ("cat", True, f"/images/{image_id}")


def test_every_task_of_the_hold_out_is_refused_while_it_is_asked(room: Room) -> None:
    tasks = [task for i in range(10) for task in room.world.lease(f"tab-{i}")["tasks"]]
    lanes = {task["lane"] for task in tasks}
    assert "test" in lanes
    for task in tasks:
        assert (room.get(task["image_id"]).status_code == 409) == (task["lane"] == "test")


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/api/explanations/nonsense?method=cam", 404, "there is no image 'nonsense'"),
        ("/api/explanations/{id}", 400, "no method is given"),
        ("/api/explanations/{id}?method=cam&class=cow", 422, "cow"),
        ("/api/explanations/{id}?method=cam&version=x", 400, "version is 'x'; expected a whole number"),
        ("/api/explanations/{id}?method=cam&size=3", 400, "size is '3'"),
    ],
)
def test_a_bad_wish_is_refused_with_a_sentence(room: Room, path: str, status: int, says: str) -> None:
    answer = room.client.get(path.format(id=room.train[0]["image_id"]))
    assert answer.status_code == status
    assert says in sentence(answer)


@pytest.mark.parametrize(
    ("raised", "status", "progress"),
    [
        (TrainerAway("the trainer is away"), 503, None),
        (NoAnswerYet("the trainer is working on it", 0.5), 503, 0.5),
        (QuestionRefused("CAM needs pooling; these work: gradcam"), 422, None),
        (QuestionRefused("version 3 is not kept any more; kept are: 4"), 422, None),
    ],
)
def test_what_the_trainer_cannot_say(room: Room, raised: Exception, status: int, progress: float | None) -> None:
    room.questions.says = raised
    answer = room.get(room.train[0]["image_id"])
    assert (answer.status_code, sentence(answer)) == (status, str(raised))
    if status == 503:
        assert answer.headers["Retry-After"] == "1"
        assert answer.get_json()["progress"] == progress


def test_the_methods_and_whether_they_work_here(room: Room) -> None:
    methods = [{"name": "cam", "title": "CAM", "note": "", "why_not": "no"}, {"name": "x", "title": "X", "why_not": ""}]
    room.questions.says = Answer({"version": 4, "methods": methods, "layers": ["a"], "layer": "a"})
    answer = room.client.get("/api/explanations").get_json()
    assert [(m["name"], m["allowed"]) for m in answer["methods"]] == [("cam", False), ("x", True)]
    assert answer["layer"] == "a"
    assert room.questions.asked == [MethodsQuestion(turn=4)]


def test_a_flood_of_wishes_leaves_the_threads_that_labels_need(room: Room) -> None:
    room.questions.busy = threading.Event()
    many = 5 * MOST_WAITING
    with ThreadPoolExecutor(many) as threads:
        answers = [threads.submit(room.get, room.train[i % len(room.train)]["image_id"]) for i in range(many)]
        wait_for(lambda: sum(answer.done() for answer in answers) >= many - MOST_WAITING, "the others are refused")
        assert sum(not answer.done() for answer in answers) == MOST_WAITING
        assert room.world.label_next("cat")["image_id"]
        room.questions.busy.set()
        assert {answer.result().status_code for answer in answers} == {503}
    assert sum(wait > 0 for wait in room.questions.waits) == MOST_WAITING


@pytest.mark.parametrize(
    ("width", "height", "size", "expected"),
    [(32, 32, None, (32, 32)), (4000, 1000, None, (2048, 512)), (640, 480, 64, (64, 48)), (3000, 1, 64, (64, 1))],
)
def test_how_large_an_image_is_shown(width: int, height: int, size: int | None, expected: tuple[int, int]) -> None:
    assert shown_size(width, height, size) == expected
    assert max(shown_size(width, height, size)) <= MOST_PX


def test_a_map_is_stretched_over_the_whole_image() -> None:
    corners = np.zeros((4, 4))
    corners[0, 0], corners[3, 3] = 255, 128
    shown = np.asarray(Image.open(BytesIO(resized(grey(corners), (80, 40)))))
    assert shown.shape == (40, 80)
    assert (shown[0, 0], shown[39, 79], shown[0, 79]) == (255, 128, 0)
