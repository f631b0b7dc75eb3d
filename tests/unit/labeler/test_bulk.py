"""One label for the look-alikes of an image: offered with the lease, recorded in one commit, undone as a whole."""

from __future__ import annotations

import csv
import io
import uuid
from typing import Any

import pytest

from shared.messages import Ranking, RankingEntry, Reason, ReasonKind

from .conftest import World
from .test_desk import hello


def numbers(world: World, lane: str = "train") -> dict[str, int]:
    return {row["image_id"]: row["number"] for row in world.get("/api/pool")["images"] if row["lane"] == lane}


def offer(world: World, look_alikes: list[int], image: int) -> None:
    entry = RankingEntry(image=image, score=1.0, reason=Reason(kind=ReasonKind.DIVERSE), look_alikes=look_alikes)
    epoch = hello(world.labeler.desk).epoch
    version = world.labeler.board.queue.version + 1
    order = Ranking(epoch=epoch, version=version, based_on_seq=0, model_version=1, strategy="uherding", entries=[entry])
    world.labeler.desk.ranking(order)


def labelled_first(world: World) -> tuple[str, list[str]]:
    """A label on one training image. Returns its annotation id, and the ids of the other training images."""
    images = list(numbers(world))
    annotation = str(uuid.uuid4())
    assert world.annotate(images[0], "cat", annotation_id=annotation)[0] == 201
    return annotation, images[1:]


def bulk(world: World, like: str, image_ids: list[str], bulk_id: str = "bulk-1", **more: object) -> tuple[int, Any]:
    body = {"bulk_id": bulk_id, "like": like, "label": "cat", "image_ids": image_ids, "annotator": "Ada", **more}
    return world.post("/api/annotations/bulk", body)


def standing(world: World) -> int:
    return int(world.state()["counts"]["labelled"])


def test_a_lease_carries_the_look_alikes_that_are_open_and_with_nobody_else(world: World) -> None:
    ids = {number: image_id for image_id, number in numbers(world).items()}
    held = {task["image_id"] for task in world.lease("tab-2", 3)["tasks"]}
    first, *others = sorted(number for number, image_id in ids.items() if image_id not in held)
    test = next(iter(numbers(world, "test").values()))
    world.annotate(ids[others[0]], "dog")
    with_held = [number for number, image_id in ids.items() if image_id in held]
    offer(world, [first, others[0], test, 10_000, *with_held, *others[1:], others[1]], first)
    task = next(task for task in world.lease(count=3)["tasks"] if task["image_id"] == ids[first])
    expected = [ids[number] for number in others[1:]]
    assert [alike["image_id"] for alike in task["look_alikes"]] == expected
    assert task["look_alike_count"] == len(expected)
    assert all(alike["url"].startswith("/images/") for alike in task["look_alikes"])


def test_no_more_are_listed_than_can_be_looked_over(make_world: Any) -> None:
    world = make_world(classes=["cat"], test__fraction=0)
    world.find(60)
    offer(world, list(range(1, 60)), 0)
    task = world.lease(count=1)["tasks"][0]
    assert (len(task["look_alikes"]), task["look_alike_count"]) == (24, 59)


def test_one_action_is_one_commit_with_an_id_of_its_own(world: World) -> None:
    like, others = labelled_first(world)
    status, answer = bulk(world, like, others[:5])
    assert (status, answer) == (201, {"seq": 6, "left": []})
    rows = world.get("/api/annotations")["annotations"]
    assert [row["bulk"] for row in rows] == [None] + ["bulk-1"] * 5
    assert {(row["kind"], row["label"], row["lane"], row["annotator"]) for row in rows[1:]} == {
        ("label", "cat", "query", "Ada")
    }
    counts = world.state()["counts"]
    assert (counts["labelled"], counts["bulk"]) == (6, 5)
    exported = csv.DictReader(io.StringIO(world.client.get("/api/export?format=csv").get_data(as_text=True)))
    assert sorted(row["bulk"] for row in exported) == [""] + ["bulk-1"] * 5


def test_the_same_action_again_records_nothing(world: World) -> None:
    like, others = labelled_first(world)
    first = bulk(world, like, others[:3])
    assert bulk(world, like, others[:3]) == (200, first[1])
    assert standing(world) == 4


def test_images_answered_meanwhile_or_shown_to_others_are_left_and_said(world: World) -> None:
    like, others = labelled_first(world)
    world.annotate(others[0], "dog")
    world.annotate(others[1], kind="skip")
    held = [t["image_id"] for t in world.lease("tab-2", 3)["tasks"] if t["lane"] != "test"]
    status, answer = bulk(world, like, list(dict.fromkeys([*others[:4], *held])), client="tab-1")
    assert status == 201
    assert sorted(answer["left"]) == sorted({others[0], others[1], *held})
    assert bulk(world, like, held, "bulk-2", client="tab-2") == (201, {"seq": answer["seq"] + len(held), "left": []})


def test_an_action_that_finds_everything_answered_records_nothing(world: World) -> None:
    like, others = labelled_first(world)
    world.annotate(others[0], "dog")
    assert bulk(world, like, others[:1]) == (200, {"seq": 2, "left": others[:1]})


def test_a_hold_out_image_is_refused_with_all_the_others(world: World) -> None:
    like, others = labelled_first(world)
    test = next(iter(numbers(world, "test")))
    status, answer = bulk(world, like, [*others[:2], test])
    assert (status, answer["error"]["field"]) == (400, "image_ids")
    assert "hold-out" in answer["error"]["message"]
    assert standing(world) == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"like": "no-such-annotation"}, 404),
        ({"image_ids": ["f" * 32]}, 404),
        ({"label": "horse"}, 422),
        ({"image_ids": []}, 400),
        ({"bulk_id": "with space"}, 400),
    ],
)
def test_bad_actions_are_refused(world: World, change: dict[str, Any], status: int) -> None:
    like, others = labelled_first(world)
    body = {"bulk_id": "bulk-1", "like": like, "label": "cat", "image_ids": others[:2], **change}
    assert world.post("/api/annotations/bulk", body)[0] == status
    assert standing(world) == 1


def test_an_annotations_id_is_no_id_for_an_action(world: World) -> None:
    like, others = labelled_first(world)
    assert bulk(world, like, others[:2], like)[0] == 409


def test_undoing_takes_all_rows_back_once_and_leaves_a_later_correction(world: World) -> None:
    like, others = labelled_first(world)
    bulk(world, like, others[:4])
    world.annotate(others[0], "dog")
    world.client.delete("/api/annotations/bulk-1-1")
    answer = world.client.delete("/api/annotations/bulk-1").get_json()
    assert world.client.delete("/api/annotations/bulk-1").get_json() == answer
    assert world.get("/api/annotations")["annotations"][-1]["seq"] == answer["seq"] == 5 + 1 + 1 + 3
    counts = world.state()["counts"]
    assert (counts["labelled"], counts["bulk"]) == (2, 0)
    world.restart()
    counts = world.state()["counts"]
    assert (counts["labelled"], counts["bulk"]) == (2, 0)


def test_the_history_names_the_action(world: World) -> None:
    like, others = labelled_first(world)
    bulk(world, like, others[:2])
    rows = world.get("/api/history?annotator=Ada")["annotations"]
    assert [row["bulk"] for row in rows] == ["bulk-1", "bulk-1"]


def alone(world: World, image_ids: list[str], **more: object) -> tuple[int, Any]:
    return world.post(
        "/api/annotations/bulk", {"bulk_id": "grid-1", "image_ids": image_ids, "annotator": "Ada", **more}
    )


def test_an_action_may_stand_by_itself_with_corrections_and_the_models_view(world: World) -> None:
    images = list(numbers(world))[:4]
    more = {"label": "cat", "suggestion": "cat", "corrections": {images[1]: "dog"}, "model_version": 9}
    assert alone(world, images, **more) == (201, {"seq": 4, "left": []})
    rows = world.get("/api/annotations")["annotations"]
    assert [(r["label"], r["suggestion"], r["accepted"]) for r in rows] == [
        ("cat", "cat", True),
        ("dog", "cat", False),
        ("cat", "cat", True),
        ("cat", "cat", True),
    ]
    assert {(r["bulk"], r["lane"], r["model_version"]) for r in rows} == {("grid-1", "query", 9)}
    assert alone(world, images, **more)[0] == 200
    assert world.client.delete("/api/annotations/grid-1").status_code == 200
    assert standing(world) == 0


def test_several_images_are_flagged_and_unflagged_together(world: World) -> None:
    images = list(numbers(world))[:3]
    assert alone(world, images, kind="flag")[0] == 201
    assert world.state()["counts"]["flagged"] == 3
    world.client.delete("/api/annotations/grid-1")
    assert world.state()["counts"]["flagged"] == 0


def test_an_action_by_itself_respects_leases_and_the_hold_out(world: World) -> None:
    held = [t["image_id"] for t in world.lease("tab-2", 3)["tasks"] if t["lane"] != "test"]
    free = next(i for i in numbers(world) if i not in held)
    assert alone(world, [free, *held], label="cat", client="tab-1")[1]["left"] == held
    test = next(iter(numbers(world, "test")))
    status, answer = alone(world, [free, test], label="cat", bulk_id="grid-2")
    assert (status, answer["error"]["field"]) == (400, "image_ids")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"label": None}, 400),
        ({"kind": "skip"}, 400),
        ({"kind": "flag"}, 400),
        ({"kind": "flag", "label": None, "suggestion": "cat"}, 400),
        ({"corrections": {"f" * 32: "dog"}}, 400),
        ({"suggestion": "horse"}, 422),
        ({"like": "x", "kind": "flag", "label": None}, 400),
    ],
)
def test_actions_whose_parts_do_not_fit_are_refused(world: World, change: dict[str, Any], status: int) -> None:
    assert alone(world, list(numbers(world))[:2], **{"label": "cat", **change})[0] == status
    assert standing(world) == 0
