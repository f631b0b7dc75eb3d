"""The trainer's own HTTP service over a real socket, with real image files."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from shared.config import Model

from .conftest import KINDS, Service, name_of, write_labels

WEIGHTS = "mobilenet_v2_imagenet1k.safetensors"


def test_the_next_images_and_what_is_predicted(service: Service, question: dict[str, Any], images: Path) -> None:
    answer = service.post("/active_learning", question | {"predictions": True})
    assert answer.status_code == 200
    found = answer.json()
    rest = {name_of(number) for number in range(12, 30)}
    assert len(set(found["data"])) == len(found["scores"]) == 5
    assert set(found["data"]) <= rest == set(found["predictions"])
    assert found["unreadable"] == []
    assert all(
        found["predictions"][name_of(n)]["label"] == KINDS[n % 3]
        and 1 / 3 <= found["predictions"][name_of(n)]["confidence"] <= 1
        for n in range(12, 30)
    )
    assert {path.suffix for path in images.rglob("*") if path.is_file()} == {".png"}


def test_a_query_string_gives_the_same_answer(service: Service, question: dict[str, Any]) -> None:
    by_body = service.post("/active_learning", question).json()
    assert service.get("/active_learning", params=question).json() == by_body
    assert service.get("/active_learning", params=question | {"predictions": "true"}).json().keys() > by_body.keys()


def test_the_answer_does_not_depend_on_what_was_asked_before(
    serve: Callable[..., Service], question: dict[str, Any], images: Path
) -> None:
    fresh, used = serve(), serve()
    empty = images.parent / "none.tsv"
    empty.touch()
    before = question | {"path_to_img": str(images / "kind_2"), "path_to_labels": str(empty)}
    assert used.post("/active_learning", before).status_code == 200
    for method in ("random", "uherding", "margin"):
        body = question | {"method": method, "seed": 3}
        assert fresh.post("/active_learning", body).json() == used.post("/active_learning", body).json()


def test_without_labels_and_with_more_than_there_are(service: Service, question: dict[str, Any], images: Path) -> None:
    folder = images.parent / "no labels"
    folder.mkdir()
    body = question | {"path_to_labels": str(folder), "add": 1000, "predictions": True}
    found = service.post("/active_learning", body).json()
    assert sorted(found["data"]) == sorted(name_of(number) for number in range(30))
    assert found["predictions"] == {}


def test_all_labelled_and_an_empty_folder(service: Service, question: dict[str, Any], tmp_path: Path) -> None:
    everything = str(write_labels(tmp_path / "all.tsv", range(30)))
    assert service.post("/active_learning", question | {"path_to_labels": everything}).json()["data"] == []
    (tmp_path / "empty").mkdir()
    (tmp_path / "none.tsv").touch()
    body = question | {"path_to_labels": str(tmp_path / "none.tsv"), "path_to_img": str(tmp_path / "empty")}
    assert service.post("/active_learning", body).json() == {"data": [], "scores": [], "unreadable": []}


def test_f1_is_that_of_scikit_learn_and_predicts_without_looking(service: Service, exam: dict[str, Any]) -> None:
    found = service.post("/f1", exam).json()
    assert found == {
        "f1_macro": 1.0,
        "per_class": dict.fromkeys(KINDS, 1.0),
        "n_train": 15,
        "n_val": 15,
        "in_both": 0,
        "unreadable": [],
    }
    overlapping = exam | {"path_to_labels_val": exam["path_to_labels_train"]}
    assert service.post("/f1", overlapping).json()["in_both"] == 15


def test_what_cannot_be_decoded_is_reported(service: Service, question: dict[str, Any], exam: dict[str, Any]) -> None:
    for number in (3, 20):
        (Path(question["path_to_img"]) / name_of(number)).write_bytes(b"no image")
    found = service.post("/active_learning", question | {"add": 1000}).json()
    assert [entry["file"] for entry in found["unreadable"]] == [name_of(3), name_of(20)]
    assert "is not a JPEG" in found["unreadable"][0]["reason"]
    assert len(found["data"]) == 17
    assert name_of(20) not in found["data"]
    measured = service.post("/f1", exam).json()
    assert (measured["n_train"], measured["n_val"], len(measured["unreadable"])) == (14, 14, 2)


@pytest.mark.parametrize(
    ("change", "code", "field", "said"),
    [
        ({"method": "best"}, "unknown_method", "method", "uherding"),
        ({"method": "os:getcwd"}, "unknown_method", "method", "uherding"),
        ({"backbone": "b1"}, "unknown_backbone", "backbone", "resnet18"),
        ({"add": 0}, "invalid", "add", "got 0"),
        ({"add": "3"}, "invalid", "add", "got '3'"),
        ({"path_to_labels": "{tmp}/no.tsv"}, "missing_file", "path_to_labels", "no.tsv"),
        ({"path_to_img": "{tmp}/no"}, "missing_file", "path_to_img", "no folder"),
        ({"path_to_img": "{tmp}/empty"}, "missing_image", "path_to_labels", "labels.tsv, line 1"),
        ({"path_to_labels": "{tmp}/bad.tsv"}, "malformed_line", "path_to_labels", "bad.tsv, line 3"),
        ({"path_to_labels": "{tmp}/twice"}, "conflicting_labels", "path_to_labels", "b.tsv, line 1"),
        ({"seed": -1}, "invalid", "seed", "got -1"),
        ({"colour": 1}, "invalid", "colour", "not known"),
    ],
)
def test_every_mistake_has_a_sentence(
    service: Service, question: dict[str, Any], tmp_path: Path, change: dict[str, Any], code: str, field: str, said: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "twice").mkdir()
    (tmp_path / "bad.tsv").write_text("\nkind_0/0.png\tcat\nkind_0/3.png cat\n")
    for name, label in (("a", "cat"), ("b", "dog")):
        (tmp_path / "twice" / f"{name}.tsv").write_text(f"kind_0/0.png\t{label}\n")
    change = {key: value.format(tmp=tmp_path) if isinstance(value, str) else value for key, value in change.items()}
    error = service.refusal("/active_learning", question | change)
    assert (error["code"], error["field"]) == (code, field)
    assert said in error["message"]


def test_mistakes_of_f1(service: Service, exam: dict[str, Any], tmp_path: Path) -> None:
    unseen = write_labels(tmp_path / "two.tsv", range(0, 15, 3))
    error = service.refusal("/f1", exam | {"path_to_labels_train": str(unseen)})
    assert (error["code"], error["field"]) == ("unseen_class", "path_to_labels_val")
    assert "'1', 'small dog'" in error["message"]
    (tmp_path / "none.tsv").touch()
    error = service.refusal("/f1", exam | {"path_to_labels_val": str(tmp_path / "none.tsv")})
    assert (error["code"], error["field"]) == ("no_labels", "path_to_labels_val")
    (tmp_path / "gone.tsv").write_text("kind_0/0.png\tcat\ngone.png\tcat\n")
    error = service.refusal("/f1", exam | {"path_to_labels_train": str(tmp_path / "gone.tsv")})
    assert (error["code"], error["field"]) == ("missing_image", "path_to_labels_train")
    assert "gone.tsv, line 2" in error["message"]


def test_bodies_that_are_no_call(service: Service) -> None:
    assert "not JSON" in service.refusal("/f1", data=b"{")["message"]
    assert "not JSON" in service.refusal("/f1", data=b"[" * 50_000)["message"]
    assert "expected a JSON object" in service.refusal("/f1", [1])["message"]
    assert "at most 65536 bytes" in service.refusal("/f1", data=b" " * 70_000, status=413)["message"]
    assert service.get("/f1").status_code == 405
    assert service.get("/nothing").json()["error"]["code"] == "not_found"


def test_paths_outside_the_roots_are_refused(
    serve: Callable[..., Service], question: dict[str, Any], images: Path
) -> None:
    service = serve(roots=[images])
    error = service.refusal("/active_learning", question, 403)
    assert (error["code"], error["field"]) == ("outside_roots", "path_to_labels")
    (images / "labels.tsv").symlink_to(question["path_to_labels"])
    body = question | {"path_to_labels": str(images / "labels.tsv")}
    assert service.refusal("/active_learning", body, 403)["code"] == "outside_roots"


def test_a_web_page_and_a_stranger_are_refused(serve: Callable[..., Service], question: dict[str, Any]) -> None:
    service = serve(token="a-token-of-the-trainer")
    assert service.refusal("/active_learning", question, 401)["code"] == "token"
    headers = {"Authorization": "Bearer a-token-of-the-trainer"}
    assert service.post("/active_learning", question, headers=headers).status_code == 200
    for foreign in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}):
        assert service.refusal("/active_learning", question, 403, headers=headers | foreign)["code"].startswith(
            "foreign"
        )


@pytest.mark.data
def test_real_steel_defects_against_scikit_learn(
    serve: Callable[..., Service], tmp_path: Path, test_data: Path
) -> None:
    with zipfile.ZipFile(test_data / "neu_surface_defects.zip") as archive:
        member = next(name for name in archive.namelist() if name.endswith("labels.csv"))
        rows = list(csv.DictReader(archive.read(member).decode().splitlines()))
        kept = [row for i, row in enumerate(rows) if i % 20 == 0]
        prefix = member.removesuffix("labels.csv")
        for row in kept:
            archive.extract(prefix + row["filename"], tmp_path / "neu")
    folder = tmp_path / "neu" / prefix
    for part, chosen in (("train", kept[::2]), ("val", kept[1::2])):
        (tmp_path / f"{part}.tsv").write_text("".join(f"{r['filename']}\t{r['label']}\n" for r in chosen))
    service = serve(Model(weights=str(test_data / WEIGHTS)))
    body = {"backbone": "mobilenet", "path_to_img_train": str(folder), "path_to_img_val": str(folder)}
    paths = {f"path_to_labels_{part}": str(tmp_path / f"{part}.tsv") for part in ("train", "val")}
    found = service.post("/f1", body | paths).json()
    x, y = _features(tmp_path, folder, kept)
    peer = LogisticRegression(C=30.0, class_weight="balanced", max_iter=5000).fit(x[::2], y[::2]).predict(x[1::2])
    assert found["f1_macro"] == pytest.approx(f1_score(y[1::2], peer, average="macro"), abs=0.02)
    assert found["f1_macro"] > 0.8


def _features(tmp_path: Path, folder: Path, rows: list[dict[str, str]]) -> tuple[Any, list[str]]:
    from shared.images import content_hash  # noqa: PLC0415
    from trainer.vectors import VectorFile  # noqa: PLC0415

    (space,) = [path for path in (tmp_path / "data" / "features").iterdir() if path.is_dir()]
    vectors = VectorFile(space, 1280)
    keys = [bytes.fromhex(content_hash((folder / row["filename"]).read_bytes())) for row in rows]
    return [vectors[vectors.find(key)] for key in keys], [row["label"] for row in rows]
