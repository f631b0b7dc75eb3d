"""Both services are killed at random moments under load: nothing acknowledged is lost, nothing is doubled."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from shared.log import LabelBook
from shared.messages import LogRow
from tests.waiting import wait_for
from trainer.checkpoint import load_checkpoint

from .conftest import Pair

ANNOTATORS = 3
SEED = 20_261_121


@dataclass
class Poster(threading.Thread):
    """Labels without pause; repeats what was not acknowledged, as the page does, and undoes now and then."""

    url: str
    truth: dict[str, str]
    stop: threading.Event
    acknowledged: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    undone: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.name = f"client-{uuid.uuid4().hex[:8]}"

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        rng = random.Random(self.name)
        while not self.stop.is_set():
            tasks = self._insist("POST", "/api/leases", {"client": self.name, "count": 2}).get("tasks", [])
            if not tasks:
                return
            self._label(tasks[0])
            if rng.random() < 0.1 and self.acknowledged:
                target = rng.choice(sorted(self.acknowledged))
                self.undone[target] = self._insist("DELETE", f"/api/annotations/{target}", None).get("seq", 0)

    def _label(self, task: dict[str, Any]) -> None:
        label = self.truth[task["filename"]]
        body = {"annotation_id": str(uuid.uuid4()), "image_id": task["image_id"], "kind": "label", "label": label}
        answer = self._insist("POST", "/api/annotations", body)
        if "seq" in answer:
            self.acknowledged[str(body["annotation_id"])] = (answer["seq"], task["image_id"], label)

    def _insist(self, method: str, path: str, body: object) -> dict[str, Any]:
        while not self.stop.is_set():
            try:
                answer = requests.request(method, self.url + path, json=body, timeout=5)
            except requests.RequestException:
                self.stop.wait(0.02)
                continue
            assert answer.ok, answer.text
            return dict(answer.json())
        return {}


def torment(pair: Pair, truth: dict[str, str], kills: int) -> list[Poster]:
    """Let people label while services die; returns what was acknowledged to whom."""
    rng, stop = random.Random(SEED), threading.Event()
    posters = [Poster(pair.labeler.url, truth, stop) for _ in range(ANNOTATORS)]
    for poster in posters:
        poster.start()
    for turn in range(kills):
        before = sum(len(p.acknowledged) for p in posters)
        wait_for(lambda b=before: sum(len(p.acknowledged) for p in posters) > b + rng.randint(3, 12), "labels", 60)
        victim = pair.trainer if turn % 3 == 2 else pair.labeler
        stop.wait(rng.random() * 0.3)
        victim.end()
        victim.start()
        if victim is pair.labeler:
            pair.labeler.ready()
    stop.set()
    for poster in posters:
        poster.join(timeout=30)
        assert not poster.is_alive()
    return posters


def check_nothing_lost_or_doubled(database: Path, posters: list[Poster]) -> None:
    with sqlite3.connect(database) as connection:
        rows = connection.execute(
            "SELECT a.seq, a.annotation_id, i.image_id, c.name, a.undoes FROM annotations a"
            " JOIN images i ON i.number = a.image LEFT JOIN classes c ON c.id = a.class_id ORDER BY a.seq"
        ).fetchall()
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    stored = {row[1]: (row[0], row[2], row[3]) for row in rows}
    undoings = {row[4]: row[0] for row in rows if row[4]}
    assert len(stored) == len(rows)
    for poster in posters:
        for annotation_id, receipt in poster.acknowledged.items():
            assert stored[annotation_id] == receipt
        for target, seq in poster.undone.items():
            assert seq == 0 or undoings[target] == seq


def check_trainer_agrees(pair: Pair) -> None:
    wait_for(lambda: _level(pair), f"the trainer to catch up; {pair.logs[-2000:]}", 90)
    pair.trainer.end(15)
    book = LabelBook()
    with sqlite3.connect(pair.data / "labelstream.db") as connection:
        query = "SELECT seq, annotation_id, image, kind, class_id, undoes FROM annotations ORDER BY seq"
        names = ("seq", "annotation_id", "image", "kind", "class_id", "undoes")
        book.apply_all(LogRow.parse(dict(zip(names, row, strict=True))) for row in connection.execute(query))
    checkpoint = load_checkpoint(pair.data / "checkpoints")
    assert checkpoint.book.applied_seq == book.applied_seq
    assert checkpoint.book.labels() == book.labels()


def _level(pair: Pair) -> bool:
    state = pair.labeler.get("/api/state")
    return bool(state["trainer"]["connected"] and state["trainer"]["applied_seq"] == state["last_seq"])


def run(pair: Pair, truth: dict[str, str], kills: int) -> None:
    pair.start()
    wait_for(lambda: pair.labeler.get("/api/state")["counts"]["images"] > 200, "the first images")
    start = time.monotonic()
    posters = torment(pair, truth, kills)
    total = sum(len(p.acknowledged) for p in posters)
    print(f"{kills} kills, {total} acknowledged labels in {time.monotonic() - start:.0f} s")
    check_nothing_lost_or_doubled(pair.data / "labelstream.db", posters)
    check_trainer_agrees(pair)


@pytest.mark.timeout(300)
def test_five_kills(pair: Pair, digits: tuple[Path, dict[str, str]]) -> None:
    run(pair, digits[1], kills=5)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_fifty_kills(pair: Pair, digits: tuple[Path, dict[str, str]]) -> None:
    run(pair, digits[1], kills=50)
