"""From a painted mask to another model: both services as processes, no further label."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from shared.masks import IGNORE, encode_mask
from tests.waiting import wait_for

from .conftest import Pair

IMAGES = 90
PATIENCE_S = 90.0


def label(pair: Pair, truth: dict[str, str], count: int) -> list[Any]:
    """Label so many images that are not of the hold-out. Returns their tasks."""
    done = []
    while len(done) < count:
        [task] = pair.labeler.post("/api/leases", {"client": "c", "count": 1}).json()["tasks"]
        body = {"annotation_id": str(uuid.uuid4()), "image_id": task["image_id"], "kind": "label"}
        assert pair.labeler.post("/api/annotations", body | {"label": truth[task["filename"]]}).ok
        done += [] if task["lane"] == "test" else [task]
    return done


def trainer(pair: Pair) -> Any:
    return pair.labeler.get("/api/state")["trainer"]


def is_idle(pair: Pair) -> bool:
    now = trainer(pair)
    return bool(
        now["pending"] == 0
        and now["state"] == "waiting"
        and newest(pair)["model_version"] == now["model_version"]
        and newest(pair)["labels"] == pair.labeler.get("/api/state")["counts"]["train"]
    )


def newest(pair: Pair) -> Any:
    return pair.labeler.get("/api/metrics")["history"][-1]


@pytest.fixture
def few(tmp_path: Path, digits: tuple[Path, dict[str, str]]) -> Iterator[Pair]:
    images = tmp_path / "images"
    for name in list(digits[1])[:IMAGES]:
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(digits[0] / name, images / name)
    classes = json.dumps([str(i) for i in range(10)])
    made = Pair(tmp_path, images, classes=classes, slow__enabled="false", test__min_images="10")
    yield made.start()
    made.end()


@pytest.mark.timeout(200)
def test_a_mask_changes_the_model_and_its_removal_changes_it_back(
    few: Pair, digits: tuple[Path, dict[str, str]]
) -> None:
    wait_for(lambda: few.labeler.get("/api/state")["counts"]["images"] == IMAGES, "the images", PATIENCE_S)
    tasks = label(few, digits[1], 24)
    wait_for(lambda: trainer(few)["embedded"] == IMAGES and is_idle(few), "a model of all labels", PATIENCE_S)
    before, labels = trainer(few)["model_version"], newest(few)["labels"]
    task = tasks[0]
    levels = np.zeros((task["height"], task["width"]), np.uint8)
    levels[: task["height"] // 3] = IGNORE
    url = f"{few.labeler.url}/api/masks/{task['image_id']}"
    assert requests.put(url, data=encode_mask(levels), timeout=10).ok
    wait_for(lambda: newest(few)["model_version"] >= before + 2, "a model that has learnt the copies", PATIENCE_S)
    painted = newest(few)
    assert painted["labels"] == labels, "copies are no labels"
    assert requests.delete(url, timeout=10).ok
    wait_for(lambda: newest(few)["model_version"] > painted["model_version"], "a model without them", PATIENCE_S)
    assert newest(few)["train_loss"] != painted["train_loss"]
