"""Masks over HTTP: kept exactly, on training images alone, listed in the order they changed."""

from __future__ import annotations

import numpy as np
import pytest

from shared.masks import IGNORE, LOOK, encode_mask
from tests.unit.labeler.conftest import TRAINER_TOKEN, World

SIDE = 32


def mask(level: int = IGNORE, side: int = SIDE) -> bytes:
    levels = np.zeros((side, side), np.uint8)
    levels[3:9, 4:8] = level
    return encode_mask(levels)


def image_of(world: World, lane: str, place: int = 0) -> str:
    rows = world.get("/api/pool?after=0", headers={"Authorization": f"Bearer {TRAINER_TOKEN}"})["images"]
    return [row["image_id"] for row in rows if row["lane"] == lane][place]


def put(world: World, image_id: str, data: bytes, person: str = "") -> tuple[int, dict]:
    answer = world.client.put(f"/api/masks/{image_id}?annotator={person}", data=data, content_type="image/png")
    return answer.status_code, answer.get_json()


def test_a_mask_is_kept_with_time_and_person_over_a_restart(world: World) -> None:
    image_id = image_of(world, "train")
    before = world.get(f"/api/masks/{image_id}/info")
    assert before["paintable"]
    assert not before["painted"]
    assert (before["width"], before["height"]) == (SIDE, SIDE)
    assert world.client.get(f"/api/masks/{image_id}").status_code == 404
    assert put(world, image_id, mask(), "ada") == (200, {"change": 1})
    world.restart()
    assert world.client.get(f"/api/masks/{image_id}").data == mask()
    after = world.get(f"/api/masks/{image_id}/info")
    assert (after["painted"], after["person"], after["time"]) == (True, "ada", world.now)


def test_changes_are_listed_in_order_and_what_was_taken_away_is_said(world: World) -> None:
    one, two = image_of(world, "train"), image_of(world, "train", 1)
    put(world, one, mask())
    put(world, two, mask())
    put(world, one, mask(LOOK))
    listed = world.get("/api/masks")
    assert listed["last"] == 3
    assert [(row["image_id"], row["change"], row["painted"]) for row in listed["masks"]] == [
        (two, 2, True),
        (one, 3, True),
    ]
    assert world.client.delete(f"/api/masks/{two}").get_json() == {"change": 4}
    assert world.client.delete(f"/api/masks/{two}").get_json() == {"change": 4}
    newer = world.get("/api/masks?after=3")["masks"]
    assert [(row["image_id"], row["painted"]) for row in newer] == [(two, False)]
    assert world.client.get(f"/api/masks/{two}").status_code == 404


def test_an_empty_mask_clears(world: World) -> None:
    image_id = image_of(world, "train")
    put(world, image_id, mask())
    put(world, image_id, encode_mask(np.zeros((SIDE, SIDE), np.uint8)))
    assert not world.get(f"/api/masks/{image_id}/info")["painted"]
    assert not world.get("/api/masks")["masks"][0]["painted"]


def test_images_of_the_hold_out_are_not_painted(world: World) -> None:
    image_id = image_of(world, "test")
    assert not world.get(f"/api/masks/{image_id}/info")["paintable"]
    status, answer = put(world, image_id, mask())
    assert status == 409
    assert "hold-out" in answer["error"]["message"]
    assert world.get("/api/masks") == {"last": 0, "masks": []}


@pytest.mark.parametrize("data", [b"", b"nonsense", mask(side=31), mask(77)])
def test_what_is_no_mask_of_this_image_is_refused_and_the_old_one_stays(world: World, data: bytes) -> None:
    image_id = image_of(world, "train")
    put(world, image_id, mask())
    status, answer = put(world, image_id, data)
    assert status == 400
    assert answer["error"]["field"] == "mask"
    assert world.client.get(f"/api/masks/{image_id}").data == mask()


def test_a_mask_of_another_size_is_refused_with_both_sizes(world: World) -> None:
    _, answer = put(world, image_of(world, "train"), mask(side=31))
    assert "31 × 31" in answer["error"]["message"]
    assert "32 × 32" in answer["error"]["message"]


def test_unknown_images_and_long_names_are_refused(world: World) -> None:
    assert put(world, "nothing", mask())[0] == 404
    assert world.client.get("/api/masks/nothing/info").status_code == 404
    assert world.client.delete("/api/masks/nothing").status_code == 404
    status, answer = put(world, image_of(world, "train"), mask(), "x" * 81)
    assert status == 400
    assert "81 characters" in answer["error"]["message"]
