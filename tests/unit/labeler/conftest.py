"""A wired labeler on a fresh database, with images that were "found" without a scanner."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from labeler import Labeler, create_app
from labeler.database import Database
from labeler.scanner import Finding
from shared.config import Config, load_config

TRAINER_TOKEN = "the-link-token-of-the-tests"


@dataclass
class World:
    """A labeler whose time and image folder a test controls."""

    config: Config
    database: Database
    now: float = 1_000_000.0
    labeler: Labeler = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.labeler = create_app(
            self.config, self.database, TRAINER_TOKEN, clock=lambda: self.now, wait=lambda _seconds: None
        )

    def restart(self) -> None:
        """What a restart of the process amounts to: everything is read back from the database."""
        self.database.close()
        self.database = Database(self.config.paths.data / "labelstream.db")
        self.start()

    def find(self, count: int, prefix: str = "img", start: int = 0) -> None:
        catalog = self.labeler.catalog
        catalog.progress(count, 0, False)
        catalog.found([finding(f"{prefix}_{i}.png".encode()) for i in range(start, start + count)])
        catalog.progress(count, count, True)

    @property
    def client(self) -> Any:
        return self.labeler.app.test_client()

    def post(self, path: str, payload: object, **kwargs: Any) -> tuple[int, Any]:
        answer = self.client.post(path, json=payload, **kwargs)
        return answer.status_code, answer.get_json()

    def get(self, path: str, **kwargs: Any) -> Any:
        answer = self.client.get(path, **kwargs)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json()

    def state(self) -> Any:
        return self.get("/api/state")

    def lease(self, client: str = "tab-1", count: int = 3, **more: object) -> Any:
        status, answer = self.post("/api/leases", {"client": client, "count": count, **more})
        assert status == 200, answer
        return answer

    def annotate(self, image_id: str, label: str | None = None, kind: str = "label", **more: object) -> tuple[int, Any]:
        payload = {"annotation_id": str(uuid.uuid4()), "image_id": image_id, "kind": kind, "label": label, **more}
        return self.post("/api/annotations", payload)

    def label_next(self, label: str, client: str = "tab-1") -> Any:
        task = self.lease(client, 1)["tasks"][0]
        status, answer = self.annotate(task["image_id"], label)
        assert status == 201, answer
        return task


def finding(path: bytes, content: bytes | None = None, reason: str = "") -> Finding:
    """A file as the scanner would report it; files of equal content are equal."""
    content_hash = hashlib.blake2b(content or path, digest_size=16).hexdigest()
    return Finding(path, 100, 1, content_hash, 32, 32, reason)


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    worlds: list[World] = []

    def make(**settings: object) -> World:
        data = tmp_path / f"data{len(worlds)}"
        data.mkdir()
        flags = {"paths.data": data, "paths.images": tmp_path, **{k.replace("__", "."): v for k, v in settings.items()}}
        worlds.append(World(load_config(environ={}, flags=flags), Database(data / "labelstream.db")))
        return worlds[-1]

    yield make
    for world in worlds:
        world.database.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """Thirty images and two classes."""
    made = make_world(classes=["cat", "dog"])
    made.find(30)
    return made
