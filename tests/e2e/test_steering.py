"""Settings and versions with both services as processes: applied while they run, in force after both were killed."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.waiting import wait_for

from .conftest import Pair

IMAGES = 100
PATIENCE_S = 120.0


class Steered(Pair):
    """Both services on a few of the digits, with a slow loop that is off, quick, and has only its first round."""

    def __init__(self, folder: Path, digits: tuple[Path, dict[str, str]]) -> None:
        images = folder / "images"
        for name in list(digits[1])[:IMAGES]:
            (images / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(digits[0] / name, images / name)
        self.truth = digits[1]
        super().__init__(
            folder,
            images,
            classes='["0","1","2","3","4","5","6","7","8","9"]',
            train__checkpoint_every="1",
            slow__enabled="false",
            slow__pretrain_steps="2",
            slow__min_labels="1000",
            test__min_images="20",
        )

    def label(self, count: int) -> list[Any]:
        """Label so many images. Returns the tasks."""
        return [self._label() for _ in range(count)]

    def _label(self) -> Any:
        [task] = self.labeler.post("/api/leases", {"client": "c", "count": 1}).json()["tasks"]
        body = {"annotation_id": str(uuid.uuid4()), "image_id": task["image_id"], "kind": "label"}
        assert self.labeler.post("/api/annotations", body | {"label": self.truth[task["filename"]]}).ok
        return task

    def set(self, **values: object) -> None:
        changes = {key.replace("__", "."): value for key, value in values.items()}
        answer = requests.patch(f"{self.labeler.url}/api/settings?annotator=Ada", json=changes, timeout=20)
        assert answer.ok, answer.text

    def state(self) -> Any:
        return self.labeler.get("/api/state")

    def newest(self) -> Any:
        return self.labeler.get("/api/metrics")["history"][-1]

    def wait(self, what: str, holds: Any) -> None:
        wait_for(holds, what, PATIENCE_S)

    def learnt(self) -> bool:
        """Whether the newest evaluation knows every label."""
        history, state = self.labeler.get("/api/metrics")["history"], self.state()
        return bool(history) and history[-1]["seq"] == state["queue"]["based_on_seq"] == state["last_seq"]

    def version_of(self, kind: str) -> int:
        """The newest kept version whose space is of a kind; 0 without one."""
        rows = self.labeler.get("/api/versions")["versions"]
        return max((row["version"] for row in rows if row["kept"] and row["space"].startswith(kind)), default=0)

    def go_back(self, version: int, kind: str) -> None:
        answer = self.labeler.post(f"/api/versions/{version}/rollback?annotator=Ada", {})
        assert answer.ok, answer.text
        self.wait(f"{kind} to be in use", lambda: self.state()["trainer"]["backbone"].startswith(kind))
        self.wait("all images in that space", lambda: self.state()["trainer"]["embedded"] == IMAGES)

    def restart(self) -> None:
        """What is left of both when the power fails."""
        self.trainer.end()
        self.labeler.end()
        self.start()
        self.wait("the trainer", lambda: self.state()["trainer"]["connected"])


@pytest.fixture
def steered(tmp_path: Path, digits: tuple[Path, dict[str, str]]) -> Iterator[Steered]:
    made = Steered(tmp_path, digits)
    yield made
    made.end()


@pytest.mark.timeout(400)  # processes that import torch, and a round of the slow loop, on a busy machine
def test_settings_and_rollbacks_while_it_runs_and_after_both_were_killed(steered: Steered) -> None:
    steered.start()
    steered.wait("the images to be read", lambda: steered.state()["trainer"]["embedded"] == IMAGES)
    steered.label(30)
    steered.wait("a version on pixels", lambda: steered.version_of("pixels"))
    steered.set(slow__enabled=True)
    steered.wait("the first round's network", lambda: steered.state()["trainer"]["backbone"].startswith("small_cnn"))
    steered.label(5)
    steered.wait("a version on the network", lambda: steered.version_of("small_cnn") and steered.learnt())
    on_pixels, on_network = steered.version_of("pixels"), steered.version_of("small_cnn")
    loss = steered.newest()["train_loss"]

    steered.set(
        train__C=0.001,
        strategy__name="margin",
        strategy__explore=1.0,
        stop__thresholds={"accuracy": {"at_least": 0.99}},
    )
    steered.wait("a head that hardly fits", lambda: steered.newest()["train_loss"] > max(1.5, 2 * loss))
    steered.wait("another strategy", lambda: steered.state()["queue"]["strategy"] == "margin")
    assert steered.state()["thresholds"] == {"accuracy": {"at_least": 0.99}}
    steered.wait("an outlook for the goal", lambda: [o["metric"] for o in steered.state()["outlook"]] == ["accuracy"])
    asked = steered.label(12)[4:]
    assert {task["why"]["kind"] for task in asked} <= {"random", "test"}

    steered.go_back(on_pixels, "pixels")
    assert steered.labeler.get("/api/settings/changes")["changes"][0]["key"] == "rollback"
    assert steered.state()["thresholds"] == {}, "the settings of that version are back"
    steered.go_back(on_network, "small_cnn")
    steered.wait("a head on all labels", lambda: steered.learnt() and steered.newest()["train_loss"] < 1.5)

    steered.set(strategy__name="entropy", train__C=0.001)
    steered.wait("the next fit", lambda: steered.newest()["train_loss"] > 1.5)
    steered.restart()
    steered.label(3)
    steered.wait("what was labelled to be learnt", steered.learnt)
    steered.wait("the network", lambda: steered.state()["trainer"]["backbone"].startswith("small_cnn"))
    assert steered.state()["queue"]["strategy"] == "entropy"
    assert steered.newest()["train_loss"] > 1.5
    shown = {s["key"]: s["value"] for s in steered.labeler.get("/api/settings")["settings"]}
    assert (shown["train.C"], shown["strategy.name"], shown["strategy.explore"]) == (0.001, "entropy", 0.05)
