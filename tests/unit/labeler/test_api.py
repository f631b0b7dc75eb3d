from __future__ import annotations

import json
import uuid
from collections.abc import Callable

import pytest

from .conftest import World

HTML_NAME = '<img src=x onerror="alert(1)">'


def test_a_label_is_acknowledged_once_and_counts(world: World) -> None:
    task = world.lease()["tasks"][0]
    payload = {"annotation_id": str(uuid.uuid4()), "image_id": task["image_id"], "kind": "label", "label": "cat"}
    assert world.post("/api/annotations", payload) == (201, {"seq": 1})
    assert world.post("/api/annotations", payload) == (200, {"seq": 1})
    state = world.state()
    assert state["counts"]["labelled"] == 1
    assert [c["count"] for c in state["classes"]] == [1, 0]


def test_one_id_for_two_images_is_a_conflict(world: World) -> None:
    first, second, _ = (t["image_id"] for t in world.lease()["tasks"])
    assert world.annotate(first, "cat", annotation_id="mine")[0] == 201
    status, answer = world.annotate(second, "cat", annotation_id="mine")
    assert (status, answer["error"]["field"]) == (409, "annotation_id")


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"image_id": "0" * 32}, 404, "image_id"),
        ({"label": "unheard of"}, 422, "label"),
        ({"label": None}, 400, ""),
        ({"kind": "skip"}, 400, ""),
        ({"kind": "undo", "label": None}, 400, ""),
        ({"kind": "love"}, 400, "kind"),
        ({"annotation_id": "../../etc"}, 400, "annotation_id"),
        ({"annotation_id": ""}, 400, "annotation_id"),
        ({"annotation_id": 7}, 400, "annotation_id"),
        ({"duration_ms": -1}, 400, "duration_ms"),
        ({"duration_ms": 1e300}, 400, "duration_ms"),
        ({"duration_ms": float("nan")}, 400, "duration_ms"),
        ({"queue_version": 2**60}, 400, "queue_version"),
        ({"annotator": "x" * 81}, 400, "annotator"),
        ({"boxes": [[0, 0, 1, 1]]}, 400, "boxes"),
        ({"surprise": 1}, 400, "surprise"),
    ],
)
def test_bad_annotations_are_refused_with_a_sentence(world: World, change: dict, status: int, field: str) -> None:
    image = world.lease()["tasks"][0]["image_id"]
    payload = {"annotation_id": "an-id", "image_id": image, "kind": "label", "label": "cat", **change}
    got, answer = world.post("/api/annotations", payload)
    assert got == status
    assert answer["error"]["field"].startswith(field)
    assert len(answer["error"]["message"]) > 10
    assert world.get("/api/annotations")["annotations"] == []


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"text"', "NaN", '{"annotation_id": NaN}'])
def test_a_body_that_is_no_object_is_refused(world: World, body: str) -> None:
    answer = world.client.post("/api/annotations", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert "error" in answer.get_json()


def test_undo_is_a_further_row_and_can_be_repeated(world: World) -> None:
    task = world.lease()["tasks"][0]
    world.annotate(task["image_id"], "cat", annotation_id="a1")
    for _ in range(2):
        answer = world.client.delete("/api/annotations/a1")
        assert (answer.status_code, answer.get_json()) == (200, {"seq": 2})
    rows = world.get("/api/annotations")["annotations"]
    assert [(r["kind"], r["undoes"]) for r in rows] == [("label", None), ("undo", "a1")]
    assert world.state()["counts"]["labelled"] == 0
    assert world.client.delete("/api/annotations/undo-a1").status_code == 404
    assert world.client.delete("/api/annotations/never").status_code == 404


def test_an_undone_correction_brings_the_first_label_back(world: World) -> None:
    image = world.lease()["tasks"][0]["image_id"]
    world.annotate(image, "cat", annotation_id="first")
    world.annotate(image, "dog", annotation_id="second")
    assert [c["count"] for c in world.state()["classes"]] == [0, 1]
    world.client.delete("/api/annotations/second")
    assert [c["count"] for c in world.state()["classes"]] == [1, 0]


def test_history_lists_ones_own_rows_that_stand_newest_first(world: World) -> None:
    images = [t["image_id"] for t in world.lease()["tasks"]]
    for name, image in zip(("a", "b", "c"), images, strict=True):
        world.annotate(image, "cat", annotation_id=name, annotator="ann")
    world.annotate(images[0], "dog", annotation_id="d", annotator="bob")
    world.client.delete("/api/annotations/b")
    rows = world.get("/api/history?annotator=ann")["annotations"]
    assert [row["annotation_id"] for row in rows] == ["c", "a"]
    older = world.get(f"/api/history?annotator=ann&before={rows[0]['seq']}")["annotations"]
    assert [row["annotation_id"] for row in older] == ["a"]


def test_classes_can_be_made_renamed_and_have_keys(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.find(5)
    for i in range(22):
        assert world.post("/api/classes", {"name": f"c{i}"})[0] == 201
    keys = [c["key"] for c in world.state()["classes"]]
    assert keys[:11] == [*"1234567890", "Shift+1"]
    assert keys[19:] == ["Shift+0", "", ""]
    answer = world.client.patch("/api/classes/c3", json={"name": "new/name"})
    assert answer.status_code == 200
    assert world.client.patch("/api/classes/new/name", json={"name": "again"}).status_code == 200
    world.label_next("again")


@pytest.mark.parametrize(("name", "status"), [("cat", 409), (" cat ", 409), ("", 400), ("  ", 400), ("a\nb", 400)])
def test_bad_class_names(world: World, name: str, status: int) -> None:
    assert world.post("/api/classes", {"name": name})[0] == status
    assert world.client.patch("/api/classes/dog", json={"name": name}).status_code == status
    assert [c["name"] for c in world.state()["classes"]] == ["cat", "dog"]


def test_a_class_name_with_html_is_just_a_name(world: World) -> None:
    assert world.post("/api/classes", {"name": HTML_NAME})[0] == 201
    world.label_next(HTML_NAME)
    assert world.state()["classes"][2]["count"] == 1


def test_renaming_a_class_renames_its_labels(world: World) -> None:
    world.label_next("cat")
    world.client.patch("/api/classes/cat", json={"name": "kitten"})
    assert world.get("/api/annotations")["annotations"][0]["label"] == "kitten"
    assert world.client.patch("/api/classes/cat", json={"name": "x"}).status_code == 422


def test_the_session_follows_its_table(make_world: Callable[..., World]) -> None:
    world = make_world()
    assert world.state()["session"] == "setup"
    assert world.post("/api/control", {"action": "pause"})[0] == 409
    world.post("/api/classes", {"name": "cat"})
    assert world.state()["session"] == "setup"
    world.find(5)
    assert world.state()["session"] == "labelling"
    assert world.post("/api/control", {"action": "pause"}) == (200, {"session": "paused", "stop_reason": ""})
    answer = world.lease()
    assert (answer["tasks"], answer["reason"]) == ([], "paused")
    world.restart()
    assert world.state()["session"] == "paused"
    assert world.post("/api/control", {"action": "resume"})[0] == 200
    assert world.post("/api/control", {"action": "dance"})[0] == 400
    assert world.post("/api/control", {"action": "stop"})[1]["session"] == "stopping"


def test_annotations_are_accepted_in_every_state(world: World) -> None:
    images = [t["image_id"] for t in world.lease()["tasks"]]
    world.post("/api/control", {"action": "pause"})
    assert world.annotate(images[0], "cat")[0] == 201
    world.post("/api/control", {"action": "stop"})
    assert world.annotate(images[1], "cat")[0] == 201


def test_labelling_everything_stops_and_new_images_go_on(make_world: Callable[..., World]) -> None:
    world = make_world(classes=["cat"])
    world.find(4)
    for _ in range(4):
        world.label_next("cat")
    state = world.state()
    assert (state["session"], state["stop_reason"]) == ("stopping", "every image has been labelled")
    world.find(3, prefix="more")
    assert world.state()["session"] == "labelling"


def test_why_there_is_nothing(make_world: Callable[..., World]) -> None:
    world = make_world(classes=["cat"])
    assert world.lease()["reason"] == "indexing"
    world.labeler.catalog.progress(0, 0, True)
    assert world.lease()["reason"] == "no_images"
    world.find(2)
    assert world.lease("a", 2)["reason"] == ""
    assert world.lease("b", 2)["reason"] == "others"


def test_a_skip_goes_out_of_the_queue_until_it_is_asked_again(world: World) -> None:
    image = world.lease(count=1)["tasks"][0]["image_id"]
    assert world.annotate(image, kind="skip")[0] == 201
    assert world.state()["counts"]["skipped"] == 1
    assert [f["image_id"] for f in world.get("/api/files?problem=skipped")["files"]] == [image]
    assert world.post("/api/files/ask-again", {"kind": "skip"}) == (200, {"count": 1})
    assert world.state()["counts"]["skipped"] == 0


def test_leases_are_renewed_and_upcoming_hinted(world: World) -> None:
    first = world.lease(count=3, upcoming=5)
    assert len(first["tasks"]) == 3
    assert len({u["image_id"] for u in first["upcoming"]}) == 5
    assert world.lease(count=3)["tasks"] == first["tasks"]
    assert all(t["why"]["kind"] in {"random", "test"} for t in first["tasks"])


def test_a_restart_does_not_take_the_shown_images_away(world: World) -> None:
    held = [t["image_id"] for t in world.lease()["tasks"]]
    world.restart()
    again = [t["image_id"] for t in world.lease(holding=[*held, "f" * 32])["tasks"]]
    assert again == held


@pytest.mark.parametrize("bad", [{"count": -1}, {"count": "3"}, {"client": "a b"}, {"client": None}, {"upcoming": 1e9}])
def test_bad_lease_requests(world: World, bad: dict) -> None:
    assert world.post("/api/leases", {"client": "tab", **bad})[0] == 400


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "after=" + "9" * 40, "limit=1e3"])
def test_bad_query_numbers(world: World, query: str) -> None:
    answer = world.client.get(f"/api/annotations?{query}")
    assert answer.status_code == 400
    assert "expected a whole number" in answer.get_json()["error"]["message"]


def test_unknown_paths_and_methods_answer_in_json(world: World) -> None:
    assert world.client.get("/api/nothing").status_code == 404
    assert world.client.put("/api/state").get_json()["error"]["code"] == "method_not_allowed"


def test_an_unforeseen_error_shows_no_traceback(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labeler.views.Views.state", lambda _self: 1 / 0)
    answer = world.client.get("/api/state")
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.get_data(as_text=True)


def test_the_pages_answer(world: World) -> None:
    for path in ("/", "/data", "/summary"):
        answer = world.client.get(path)
        assert answer.status_code == 200
        assert "<script>" not in answer.get_data(as_text=True)


def test_the_log_is_given_in_parts(world: World) -> None:
    for label in ("cat", "dog", "cat"):
        world.label_next(label)
    part = world.get("/api/annotations?after=1&limit=1")
    assert [row["seq"] for row in part["annotations"]] == [2]
    assert uuid.UUID(part["log_id"])
    assert json.dumps(part)
