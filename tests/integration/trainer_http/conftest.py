"""The trainer's HTTP service on a free port, a folder of images for it, and good calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import torch

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
