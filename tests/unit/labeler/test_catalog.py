from __future__ import annotations

from collections.abc import Callable

import pytest

from labeler.image_store import ImageStore
from labeler.queue import Status
from shared.errors import StorageFull

from .conftest import World, finding


def test_equal_files_are_one_image_and_share_the_label(make_world: Callable[..., World]) -> None:
    world = make_world(classes=["cat"])
    world.labeler.catalog.found([finding(b"a.png", b"same"), finding(b"b/a.png", b"same"), finding(b"c.png")])
    world.labeler.catalog.progress(3, 3, True)
    counts = world.state()["counts"]
    assert (counts["images"], counts["duplicates"]) == (2, 1)
    image = world.labeler.board.queue
    assert len(image) == 2
    listed = world.get("/api/files?problem=duplicate")
    assert [(f["filename"], f["duplicate_of"]) for f in listed["files"]] == [("b/a.png", "a.png")]


def test_a_renamed_file_keeps_lane_and_label(world: World) -> None:
    task = world.label_next("cat")
    old = task["filename"].encode()
    before = world.get("/api/pool")["images"]
    world.labeler.catalog.found([finding(b"moved/elsewhere.png", old)])
    world.labeler.catalog.gone([old])
    after = {row["image_id"]: row for row in world.get("/api/pool?limit=1000")["images"]}
    assert after[task["image_id"]]["path"] == "moved/elsewhere.png"
    assert {r["image_id"]: r["lane"] for r in before} == {i: r["lane"] for i, r in after.items()}
    assert world.state()["counts"]["labelled"] == 1


def test_a_file_that_is_gone_leaves_the_queue_and_may_come_back(world: World) -> None:
    world.labeler.catalog.gone([b"img_3.png"])
    assert world.state()["counts"]["images"] == 29
    removed = [row for row in world.get("/api/pool")["images"] if row["removed"]]
    assert len(removed) == 1
    assert removed[0]["change"] == 31
    world.labeler.catalog.found([finding(b"img_3.png")])
    assert world.state()["counts"]["images"] == 30
    assert not any(row["removed"] for row in world.get("/api/pool")["images"])


def test_a_label_survives_the_loss_of_its_file(world: World) -> None:
    task = world.label_next("dog")
    path = task["filename"].encode()
    world.labeler.catalog.gone([path])
    world.restart()
    world.labeler.catalog.found([finding(path)])
    assert world.state()["counts"]["labelled"] == 1


def test_an_overwritten_file_is_another_image_without_a_label(world: World) -> None:
    task = world.label_next("dog")
    world.labeler.catalog.found([finding(task["filename"].encode(), b"new content")])
    counts = world.state()["counts"]
    assert (counts["images"], counts["labelled"]) == (30, 0)
    world.labeler.catalog.found([finding(task["filename"].encode())])
    assert world.state()["counts"]["labelled"] == 1


def test_unusable_files_are_listed_with_their_reason(world: World) -> None:
    world.labeler.catalog.found([finding(b"broken.png", reason="is truncated")])
    world.labeler.catalog.progress(31, 31, True)
    listed = world.get("/api/files?problem=unreadable")
    assert [(f["filename"], f["reason"]) for f in listed["files"]] == [("broken.png", "is truncated")]
    assert world.state()["counts"]["images"] == 30
    assert world.state()["counts"]["unreadable"] == 1


def test_the_hold_out_has_its_size_when_the_look_is_over_and_never_changes(make_world: Callable[..., World]) -> None:
    world = make_world(classes=["cat"])
    catalog = world.labeler.catalog
    catalog.progress(1500, 0, False)
    for start in range(0, 1500, 100):
        catalog.found([finding(f"{i}.png".encode()) for i in range(start, start + 100)])
        catalog.progress(1500, start + 100, False)
    catalog.progress(1500, 1500, True)
    assert world.state()["counts"]["test_total"] == 150
    lanes = {row["image_id"]: row["lane"] for row in world.get("/api/pool?limit=2000")["images"]}
    world.restart()
    catalog = world.labeler.catalog
    catalog.progress(3000, 1500, False)
    catalog.found([finding(f"{i}.png".encode()) for i in range(1500, 3000)])
    after = {row["image_id"]: row["lane"] for row in world.get("/api/pool?limit=5000")["images"]}
    assert {i: after[i] for i in lanes} == lanes
    assert list(after.values()).count("test") == 300


def test_a_full_disk_keeps_the_scanner_waiting_and_says_so(world: World) -> None:
    catalog, store = world.labeler.catalog, world.labeler.catalog._store
    real, problems = store.save_files, []

    def full_once(*args: object) -> None:
        if not problems:
            problems.append(True)
            raise StorageFull("the disk is full")
        assert world.state()["problem"]["code"] == "storage_full"
        real(*args)  # type: ignore[arg-type]

    store.save_files = full_once  # type: ignore[method-assign]
    catalog.found([finding(b"late.png")])
    assert world.state()["counts"]["images"] == 31


def test_statuses_after_a_restart_are_those_before(world: World) -> None:
    for label in ("cat", "dog", "cat"):
        world.label_next(label)
    skipped = world.lease(count=1)["tasks"][0]["image_id"]
    world.annotate(skipped, kind="skip")
    before = [world.labeler.board.queue.status(i) for i in range(30)]
    world.restart()
    assert [world.labeler.board.queue.status(i) for i in range(30)] == before
    assert before.count(Status.LABELLED) == 3


def test_files_are_counted_few_times_while_many_are_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    counted, count = list[int](), ImageStore.file_counts

    def counting(store: ImageStore) -> dict[str, int]:
        counted.append(1)
        return count(store)

    monkeypatch.setattr(ImageStore, "file_counts", counting)
    for indexed in range(0, 100_000, 200):
        world.labeler.catalog.progress(100_000, indexed, False)
    assert len(counted) < 30
    world.labeler.catalog.found([finding(b"broken.png", reason="is broken")])
    world.labeler.catalog.progress(100_000, 100_000, True)
    assert world.state()["counts"]["unreadable"] == 1
