"""A disk that is full: SQLite itself refuses, by a limit on the size of its file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from .conftest import World


@pytest.fixture
def disk(world: World) -> Callable[[int], None]:
    """Sets how many pages the database may have; 0 for any number."""
    limit = [0]

    def apply(connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={limit[0] or 2**30}")

    sa.event.listen(world.database._engine, "checkout", apply)

    def set_limit(pages: int) -> None:
        limit[0] = pages

    return set_limit


def test_what_is_refused_is_not_acknowledged_and_comes_through_later(world: World, disk: Callable[[int], None]) -> None:
    disk(1)
    acknowledged, refused = 0, {}
    images = [row["image_id"] for row in world.get("/api/pool")["images"]]
    for turn in range(400):
        body = {"annotation_id": f"a{turn}", "image_id": images[turn % 30], "kind": "label", "label": "cat"}
        status, answer = world.post("/api/annotations", {**body, "annotator": "x" * 80})
        if status == 507:
            refused = {**body, "annotator": "x" * 80}
            assert "disk is full" in answer["error"]["message"]
            break
        acknowledged += 1
    assert refused, "the limit was never reached"
    assert world.state()["problem"]["code"] == "storage_full"
    assert world.state()["last_seq"] == acknowledged
    assert len(world.get("/api/annotations?limit=1000")["annotations"]) == acknowledged
    disk(0)
    assert world.post("/api/annotations", refused) == (201, {"seq": acknowledged + 1})
    assert world.state()["problem"] is None
    world.restart()
    assert world.state()["last_seq"] == acknowledged + 1
