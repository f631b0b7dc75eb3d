"""What the map and the grid page get: the trainer's answer, joined with what the labeler knows."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from flask import Flask

from labeler.classes import Classes
from labeler.desk import TrainerView
from labeler.grid import Grid
from labeler.image_store import ImageStore
from labeler.map import SHOWN, TEST_BIT, Maps
from labeler.questions import NoAnswerYet, TrainerAway
from labeler.routes.failures import register_failures
from labeler.routes.map import map_blueprint
from labeler.store import AnnotationStore
from shared.asking import Answer, GridQuestion, MapQuestion, Question, QuestionRefused
from shared.mapping import PLACES, pack, unpack

from .conftest import World


def answer_for(count: int, version: int = 1) -> Answer:
    """Image i lies at (i, 2i), is of class i % 2, with confidence 200."""
    i = np.arange(count)
    data = pack(PLACES, {"numbers": i, "x": i, "y": 2 * i, "predicted": i % 2, "confidence": np.full(count, 200)})
    return Answer({"model_version": version, "space": "s"}, data)


@dataclass
class StubQuestions:
    """Answers what a test says, or raises it."""

    says: Answer | Exception = field(default_factory=lambda: answer_for(30))
    asked: list[Question] = field(default_factory=list)

    def ask(self, question: Question, wait_s: float) -> Answer:
        self.asked.append(question)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


class Room:
    """The map's parts beside a labeler with thirty images."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.view = TrainerView(connected=True, epoch=1, model_version=1, embedded=30)
        self.questions = StubQuestions()
        board, database = world.labeler.board, world.database
        images, annotations = ImageStore(database), AnnotationStore(database)
        view: Callable[[], TrainerView] = lambda: self.view  # noqa: E731
        self.maps = Maps(
            board,
            images,
            annotations,
            self.questions,  # type: ignore[arg-type]
            view,
            world.config.paths.data,
            lambda: world.now,
        )
        self.grid = Grid(board, images, Classes(board, annotations), self.questions, view)  # type: ignore[arg-type]
        app = Flask("map")
        register_failures(app)
        app.register_blueprint(map_blueprint(self.maps, self.grid))
        self.client: Any = app.test_client()
        self.pool = {row["number"]: row for row in world.get("/api/pool")["images"]}

    def numbers(self, lane: str) -> list[int]:
        return [number for number, row in self.pool.items() if row["lane"] == lane]

    def map(self, **headers: str) -> tuple[dict[str, Any], dict[str, Any]]:
        return opened(self.client.get("/api/map?projection=pca", headers=headers).get_data())

    def moved_on(self) -> None:
        self.view = TrainerView(connected=True, epoch=1, model_version=self.view.model_version + 1, embedded=30)
        self.world.now += 1


def opened(body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    size = int.from_bytes(body[:4], "little")
    assert size % 4 == 0
    return json.loads(body[4 : 4 + size]), unpack(SHOWN, body[4 + size :])


@pytest.fixture
def room(world: World) -> Room:
    return Room(world)


def test_the_map_joins_labels_status_and_lane(room: Room) -> None:
    train, test = room.numbers("train"), room.numbers("test")
    room.world.annotate(room.pool[train[0]]["image_id"], "dog")
    room.world.annotate(room.pool[train[1]]["image_id"], kind="skip")
    room.world.annotate(room.pool[test[0]]["image_id"], "cat")
    head, found = room.map()
    assert (head["count"], head["last_seq"], head["stale"], head["model_version"]) == (30, 3, False, 1)
    at = {number: i for i, number in enumerate(found["numbers"].tolist())}
    assert found["label"][[at[train[0]], at[train[1]], at[test[0]]]].tolist() == [1, -1, 0]
    assert found["state"][[at[train[0]], at[train[1]], at[train[2]]]].tolist() == [1, 2, 0]
    assert found["state"][[at[test[0]], at[test[1]]]].tolist() == [TEST_BIT + 1, TEST_BIT]


def test_what_the_model_says_of_an_unlabelled_hold_out_image_never_leaves(room: Room) -> None:
    test = room.numbers("test")
    room.world.annotate(room.pool[test[0]]["image_id"], "cat")
    _, found = room.map()
    at = {number: i for i, number in enumerate(found["numbers"].tolist())}
    hidden = [at[number] for number in test[1:]]
    assert set(found["predicted"][hidden].tolist()) == {-1}
    assert set(found["confidence"][hidden].tolist()) == {0}
    shown = [at[number] for number in [test[0], *room.numbers("train")]]
    assert found["predicted"][shown].tolist() == [int(found["numbers"][i]) % 2 for i in shown]


def test_images_that_are_gone_or_unknown_are_left_out(room: Room) -> None:
    room.questions.says = answer_for(40)
    room.world.labeler.board.lose_images([3])
    _, found = room.map()
    assert found["numbers"].tolist() == [n for n in range(30) if n != 3]


def test_the_trainer_is_asked_only_when_it_has_moved_on(room: Room) -> None:
    room.map()
    room.map()
    assert len(room.questions.asked) == 1
    room.moved_on()
    room.questions.says = answer_for(30, version=2)
    assert room.map()[0]["model_version"] == 2
    first, second = room.questions.asked
    assert isinstance(first, MapQuestion)
    assert isinstance(second, MapQuestion)
    assert first.turn != second.turn


def test_the_last_map_stands_in_while_the_trainer_is_busy_and_after_a_restart(room: Room) -> None:
    room.map()
    room.moved_on()
    room.questions.says = NoAnswerYet("busy", 0.5)
    head, found = room.map()
    assert (head["stale"], head["progress"], len(found["numbers"])) == (True, 0.5, 30)
    again = Room(room.world)
    again.questions.says = TrainerAway("away")
    again.view = TrainerView()
    head, found = again.map()
    assert (head["model_version"], len(found["numbers"])) == (1, 30)


def test_a_question_on_its_way_is_not_asked_twice(room: Room) -> None:
    room.map()
    room.moved_on()
    room.questions.says = NoAnswerYet("busy")
    room.map()
    room.world.now += 5
    room.map()
    assert room.questions.asked[1] == room.questions.asked[2]
    room.questions.says = answer_for(30, version=2)
    assert room.map()[0]["stale"] is False


@pytest.mark.parametrize(
    ("says", "status"),
    [(NoAnswerYet("busy", 0.25), 503), (TrainerAway("away"), 503), (QuestionRefused("nothing read yet"), 422)],
)
def test_without_any_map_the_page_is_told_why(room: Room, says: Exception, status: int) -> None:
    room.questions.says = says
    answer = room.client.get("/api/map?projection=pca")
    assert answer.status_code == status
    assert answer.get_json()["error"]["message"] == str(says)


def test_a_map_that_is_being_drawn_says_how_far_it_is(room: Room) -> None:
    room.questions.says = Answer({"progress": 0.4})
    answer = room.client.get("/api/map?projection=tsne")
    assert (answer.status_code, answer.headers["Retry-After"], answer.get_json()["progress"]) == (503, "1", 0.4)
    room.world.now += 1
    room.questions.says = answer_for(30)
    assert room.client.get("/api/map?projection=tsne").status_code == 200
    turns = {question.turn for question in room.questions.asked if isinstance(question, MapQuestion)}
    assert len(turns) == 2


def test_an_unknown_projection_is_refused(room: Room) -> None:
    assert room.client.get("/api/map?projection=magic").status_code == 400


def test_nothing_is_sent_twice_and_what_travels_is_packed(room: Room) -> None:
    near = room.client.get("/api/map", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in near.headers
    assert room.client.get("/api/map", headers={"If-None-Match": near.headers["ETag"]}).status_code == 304
    far = room.client.get("/api/map", headers={"Accept-Encoding": "gzip"}, environ_base={"REMOTE_ADDR": "10.0.0.9"})
    assert far.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(far.get_data()) == near.get_data()
    room.world.annotate(room.pool[room.numbers("train")[0]]["image_id"], "dog")
    assert room.client.get("/api/map", headers={"If-None-Match": near.headers["ETag"]}).status_code == 200


def test_changes_are_the_present_standing_of_what_was_touched(room: Room) -> None:
    train, test = room.numbers("train"), room.numbers("test")
    room.world.annotate(room.pool[train[0]]["image_id"], "cat")
    room.world.annotate(room.pool[train[0]]["image_id"], "dog")
    room.world.annotate(room.pool[test[0]]["image_id"], kind="flag")
    answer = room.client.get("/api/map/changes?after=1").get_json()
    assert answer["last_seq"] == 3
    assert sorted(answer["changes"]) == sorted([[train[0], 1, 1], [test[0], -1, TEST_BIT + 3]])
    assert room.client.get("/api/map/changes?after=3").get_json() == {"last_seq": 3, "changes": []}


def test_images_are_named_in_the_order_asked(room: Room) -> None:
    found = room.client.post("/api/map/images", json={"numbers": [5, 2, 999]}).get_json()["images"]
    assert [image["number"] for image in found] == [5, 2]
    assert found[0]["image_id"] == room.pool[5]["image_id"]
    assert room.client.post("/api/map/images", json={"numbers": ["5"]}).status_code == 400


def grid_answer(*numbers: int) -> Answer:
    images = [[number, 0.9, group] for group, number in enumerate(numbers)]
    return Answer({"model_version": 4, "images": images, "counts": {"0": 7}})


def test_the_grid_shows_what_is_still_open_and_with_nobody_else(room: Room) -> None:
    train, test = room.numbers("train"), room.numbers("test")
    room.world.annotate(room.pool[train[0]]["image_id"], "cat")
    held = [t["image_id"] for t in room.world.lease("tab-2", 3)["tasks"] if t["lane"] != "test"]
    free = [n for n in train[1:] if room.pool[n]["image_id"] not in held]
    by_id = {row["image_id"]: number for number, row in room.pool.items()}
    room.questions.says = grid_answer(train[0], test[0], *[by_id[i] for i in held], *free[:3])
    answer = room.client.get("/api/grid?class=cat&limit=50&client=tab-1").get_json()
    assert [by_id[image["image_id"]] for image in answer["images"]] == free[:3]
    assert answer["counts"] == {"cat": 7, "dog": 0}
    question = room.questions.asked[0]
    assert isinstance(question, GridQuestion)
    assert (question.class_id, question.limit) == (0, 50)


@pytest.mark.parametrize(("query", "status"), [("class=horse", 422), ("class=cat&limit=0", 400), ("limit=9", 422)])
def test_a_grid_of_nothing_known_is_refused(room: Room, query: str, status: int) -> None:
    assert room.client.get(f"/api/grid?{query}").status_code == status
