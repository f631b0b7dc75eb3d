from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.exchange import Matcher

from .conftest import World, finding


def load(world: World, text: str | bytes, name: str = "csv") -> tuple[int, dict]:
    body = text.encode() if isinstance(text, str) else text
    answer = world.client.post(f"/api/import?format={name}", data=body, content_type="application/octet-stream")
    return answer.status_code, answer.get_json()


def exported(world: World) -> dict[str, str]:
    text = world.client.get("/api/export?format=csv").get_data(as_text=True)
    return {row["filename"]: row["label"] for row in csv.DictReader(io.StringIO(text))}


def test_imported_labels_count_make_classes_and_start_the_session(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.find(6)
    status, report = load(world, "filename,label\nimg_0.png,cat\nimg_1.png,dog\nnowhere.png,cow\n")
    assert status == 200
    assert report == {
        "imported": 2,
        "unchanged": 0,
        "unknown_count": 1,
        "unknown_images": ["nowhere.png"],
        "new_classes": ["cat", "dog"],
    }
    state = world.state()
    assert (state["session"], state["counts"]["labelled"]) == ("labelling", 2)
    assert exported(world) == {"img_0.png": "cat", "img_1.png": "dog"}


def test_importing_again_changes_nothing_and_a_correction_counts(world: World) -> None:
    text = "filename,label\nimg_0.png,cat\n"
    load(world, text)
    report = load(world, text)[1]
    assert (report["imported"], report["unchanged"]) == (0, 1)
    load(world, "filename,label\nimg_0.png,dog\n")
    assert exported(world) == {"img_0.png": "dog"}
    assert len(world.get("/api/annotations")["annotations"]) == 2


def test_a_malformed_file_imports_nothing(world: World) -> None:
    status, answer = load(world, "filename,label\nimg_0.png,cat\nimg_1.png\n")
    assert status == 400
    assert "line 3" in answer["error"]["message"]
    assert world.state()["counts"]["labelled"] == 0


@pytest.mark.parametrize("query", ["", "?format=", "?format=xml"])
def test_an_unknown_format_is_refused_with_the_list(world: World, query: str) -> None:
    for answer in (world.client.post(f"/api/import{query}", data=b"x"), world.client.get(f"/api/export{query}")):
        assert answer.status_code == 400
        assert "imagefolder" in answer.get_json()["error"]["message"]


def test_an_empty_upload_is_refused(world: World) -> None:
    assert load(world, b"")[0] == 400


def test_folder_names_become_classes(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.labeler.catalog.found([finding(p) for p in (b"cat/1.png", b"x/dog/1.png", b"top.png")])
    world.labeler.catalog.progress(3, 3, True)
    answer = world.client.post("/api/import?format=imagefolder")
    assert answer.get_json()["new_classes"] == ["cat", "dog"]
    assert exported(world) == {"cat/1.png": "cat", "x/dog/1.png": "dog"}


def test_equal_files_are_exported_with_the_same_label(world: World) -> None:
    world.labeler.catalog.found([finding(b"copy.png", b"img_0.png")])
    load(world, "filename,label\ncopy.png,cat\n")
    assert exported(world) == {"copy.png": "cat", "img_0.png": "cat"}


@pytest.mark.parametrize("name", ["csv", "tsv", "json"])
def test_what_is_exported_can_be_imported_elsewhere(make_world: Callable[..., World], name: str) -> None:
    one, other = make_world(classes=["a,b", "ü"]), make_world()
    odd = [b'quote"comma,.png', b"new\nline.png", "\u202ertl.png".encode(), b"bad\xff.png", b"../up.png", b"=1+1.png"]
    for world in (one, other):
        world.labeler.catalog.found([finding(path) for path in odd])
        world.labeler.catalog.progress(len(odd), len(odd), True)
    for i in range(len(odd)):
        one.label_next(["a,b", "ü"][i % 2])
    text = one.client.get(f"/api/export?format={name}").get_data()
    status, report = load(other, text, name)
    assert (status, report["imported"], report["unknown_count"]) == (200, len(odd), 0)
    assert exported(other) == exported(one)


def test_only_the_newest_label_is_exported(world: World) -> None:
    image = world.lease()["tasks"][0]
    world.annotate(image["image_id"], "cat")
    world.annotate(image["image_id"], "dog")
    rows = json.loads(world.client.get("/api/export?format=json").get_data())
    text = json.dumps(rows)
    assert '"dog"' in text
    assert '"cat"' not in text


def test_names_match_by_path_first_and_by_file_name_only_where_it_is_unique() -> None:
    match = Matcher([(b"a/1.png", 0), (b"b/1.png", 1), (b"b/2.png", 2)])
    assert match.image("a/1.png") == 0
    assert match.image("images/b/1.png") == 1
    assert match.image("./b/2.png") == 2
    assert match.image("elsewhere\\2.png") == 2
    assert match.image("1.png") is None
    assert match.image("") is None


@given(st.lists(st.binary(min_size=1, max_size=8), unique=True, max_size=20))
def test_every_full_path_matches_itself(paths: list[bytes]) -> None:
    match = Matcher([(path, i) for i, path in enumerate(paths)])
    for i, path in enumerate(paths):
        assert match.image(path.decode("utf-8", "surrogateescape")) == i


def test_an_import_of_all_labels_does_not_end_the_training(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.find(3)
    load(world, "filename,label\nimg_0.png,cat\nimg_1.png,dog\nimg_2.png,dog\n")
    world.restart()
    world.labeler.catalog.progress(3, 3, True)
    assert world.state()["session"] == "labelling"
    assert world.lease()["reason"] == "all_done"
    first = world.get("/api/annotations")["annotations"][0]
    world.annotate(first["image_id"], "dog")  # a correction
    assert world.state()["session"] == "labelling"
    world.find(1, prefix="another")
    world.label_next("cat")
    assert world.state()["session"] == "stopping"
