"""The trainer's own HTTP service over a real socket, with real image files."""

from __future__ import annotations

import csv
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from shared.config import Model, Strategy, Train, TrainerService
from shared.messages import TrainerState
from tests.unit.trainer.conftest import png
from tests.waiting import wait_for
from trainer.api import ApiServer, Health, create_api
from trainer.service.answers import Settings
from trainer.service.backbones import Backbones
from trainer.service.calls import Calls
from trainer.service.features import FeatureStore
from trainer.service.guard import Guard
from trainer.service.jobs import Jobs
from trainer.service.places import Roots
from trainer.service.routes import calls_blueprint
from trainer.telemetry import Figures, Telemetry

KINDS = ["cat", "small dog", "1"]
WEIGHTS = "mobilenet_v2_imagenet1k.safetensors"


class Service:
    """A trainer's HTTP service on a free port, and requests to it."""

    def __init__(self, folder: Path, model: Model, roots: list[Path], config: TrainerService) -> None:
        self.busy = [False]
        self.jobs = Jobs(time.monotonic, self._breathe, waiting=2)
        calls = Calls(
            Settings(Train(), Strategy()),
            Roots(roots),
            Backbones(model, folder / "weights", torch.device("cpu")),
            FeatureStore(folder / "features", 1_000_000, 8),
        )
        health = Health(status="ok", state=TrainerState.WAITING, applied_seq=0, model_version=0)
        app = create_api(
            lambda: health,
            calls_blueprint(calls, self.jobs),
            Telemetry(lambda: Figures(0, 0, 0, 0, 0, jobs={s.value: n for s, n in self.jobs.counts().items()})),
            Guard(config, lambda: "the-link-token"),
        )
        self.server = ApiServer(app, "127.0.0.1", 0)
        self.server.start()
        self.jobs.start()
        self.url = f"http://127.0.0.1:{self.server.port}"

    def _breathe(self) -> None:
        wait_for(lambda: not self.busy[0], "a free processor")

    def post(self, path: str, body: object = None, **options: Any) -> requests.Response:
        options |= {} if body is None else {"json": body}
        return requests.post(self.url + path, timeout=60, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=60, **options)

    def refusal(self, path: str, body: object = None, status: int = 400, **options: Any) -> dict[str, str]:
        answer = self.post(path, body, **options)
        error: dict[str, str] = answer.json()["error"]
        assert answer.status_code == status, error
        assert set(error) == {"code", "field", "message"}
        assert "Traceback" not in answer.text
        return error

    def later(self, path: str, body: object) -> str:
        answer = self.post(path, body, headers={"Prefer": "respond-async, wait=1"})
        assert answer.status_code == 202
        url: str = answer.json()["job"]
        assert answer.headers["Location"] == url
        return url

    def job_in(self, url: str, *states: str) -> dict[str, Any]:
        def view() -> dict[str, Any] | None:
            found: dict[str, Any] = self.get(url).json()
            return found if found["state"] in states else None

        found = wait_for(view, f"{url} in {states}", 60)
        assert found
        return found

    def close(self) -> None:
        self.busy[0] = False
        self.jobs.close()
        self.server.close()


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """30 images of three kinds: kind_0/0.png, …"""
    folder = tmp_path / "images"
    for number in range(30):
        file = folder / f"kind_{number % 3}" / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(png(number, number % 3))
    return folder


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    started: list[Service] = []

    def start(model: Model | None = None, roots: list[Path] | None = None, **config: object) -> Service:
        configured = TrainerService.model_validate(config)
        started.append(
            Service(tmp_path / f"data{len(started) or ''}", model or Model(), roots or [tmp_path], configured)
        )
        return started[-1]

    yield start
    for service in started:
        service.close()


@pytest.fixture
def service(serve: Callable[..., Service]) -> Service:
    return serve()


def name_of(number: int) -> str:
    return f"kind_{number % 3}/{number}.png"


def write_labels(file: Path, numbers: range) -> Path:
    file.write_text("".join(f"{name_of(n)}\t{KINDS[n % 3]}\n" for n in numbers), encoding="utf-8")
    return file


@pytest.fixture
def question(tmp_path: Path, images: Path) -> dict[str, Any]:
    """A good call with twelve labels."""
    labels = write_labels(tmp_path / "labels.tsv", range(12))
    return {
        "backbone": "pixels",
        "add": 5,
        "method": "uherding",
        "path_to_labels": str(labels),
        "path_to_img": str(images),
    }


@pytest.fixture
def exam(tmp_path: Path, images: Path) -> dict[str, Any]:
    """A good call of /f1: 15 images to train on, 15 others to measure."""
    return {
        "backbone": "pixels",
        "path_to_labels_train": str(write_labels(tmp_path / "train.tsv", range(15))),
        "path_to_img_train": str(images),
        "path_to_labels_val": str(write_labels(tmp_path / "val.tsv", range(15, 30))),
        "path_to_img_val": str(images),
    }


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


def test_a_job_is_done_later(service: Service, question: dict[str, Any]) -> None:
    url = service.later("/active_learning", question)
    job = service.job_in(url, "done")
    assert (job["job"], job["progress"]) == (url, 1.0)
    assert job["result"] == service.post("/active_learning", question).json()
    assert 'jobs{state="done"} 2.0' in service.get("/metrics").text


def test_a_job_that_fails_says_why(service: Service, question: dict[str, Any], images: Path) -> None:
    weights = images.parent / "data" / "weights"
    weights.mkdir(parents=True)
    (weights / "resnet18.pth").write_bytes(b"no weights")
    body = question | {"backbone": "resnet18"}
    job = service.job_in(service.later("/active_learning", body), "failed")
    assert job["error"]["code"] == "no_weights"
    assert service.refusal("/active_learning", body, 409) == job["error"]


def test_jobs_wait_are_refused_and_are_cancelled(service: Service, question: dict[str, Any]) -> None:
    service.busy[0] = True
    first = service.later("/active_learning", question)
    service.job_in(first, "running")
    queued = [service.later("/active_learning", question) for _ in range(2)]
    refused = service.post("/active_learning", question)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "busy")
    assert int(refused.headers["Retry-After"]) > 0
    for url in (first, queued[0]):
        assert requests.delete(service.url + url, timeout=10).json()["state"] == "cancelled"
    service.busy[0] = False
    service.job_in(queued[1], "done")
    cancelled = service.get(first).json()
    assert (cancelled["state"], cancelled["error"]["code"]) == ("cancelled", "cancelled")
    assert "result" not in cancelled


def test_an_unknown_job(service: Service) -> None:
    answer = service.get("/jobs/nothing")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_job")
    assert requests.delete(service.url + "/jobs/nothing", timeout=10).status_code == 404


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
