"""A labeler on the digits with labels and evaluated versions: real images and a real model, but no trainer process."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import requests

from labeler.sample import FOLDER, load_digits, sample_names
from shared import events
from shared.asking import AnswerHead, AnswerState, pack_answer
from shared.config import Train
from shared.versions import pack_probs
from tests.integration.conftest import FakeTrainer
from tests.processes import LabelerProcess, labeler_process
from tests.waiting import wait_for
from trainer.evaluation import evaluate
from trainer.label_issues import held_out_probabilities, likely_errors
from trainer.pool_summary import summarise

Array = np.ndarray[Any, Any]
PATHS = [f"{FOLDER}/{name}" for name in sample_names(1797)]
CLASSES = [str(i) for i in range(10)]
WRONG = 0.04  # of the labels are planted errors
STEPS = np.unique(np.geomspace(20, 500, 24).astype(int))
KEPT_EVERY = 4


@dataclass
class Analysed:
    """wrong: path → planted label. versions: numbers of those that were kept, oldest first."""

    labeler: LabelerProcess
    data: Path
    wrong: dict[str, str] = field(default_factory=dict)
    versions: list[int] = field(default_factory=list)
    trainer: FakeTrainer = field(default_factory=FakeTrainer)

    def label(self, truth: dict[str, str], train: int, seed: int = 0) -> None:
        """Import labels for the hold-out and `train` other images, some of them wrong; then a person adds a few."""
        rng = np.random.default_rng(seed)
        rows = self.pool()
        chosen = [r for r in rows if r["lane"] == "test"] + [r for r in rows if r["lane"] == "train"][:train]
        labels = {r["path"]: truth[r["path"]] for r in chosen}
        for path, label in labels.items():
            if rng.random() < WRONG:
                self.wrong[path] = str((int(label) + int(rng.integers(1, 10))) % 10)
        text = "filename,label\n" + "".join(f"{p},{self.wrong.get(p, y)}\n" for p, y in labels.items())
        url = f"{self.labeler.url}/api/import?format=csv"
        answer = requests.post(url, files={"file": ("labels.csv", io.BytesIO(text.encode()))}, timeout=60)
        assert answer.json()["imported"] == len(labels), answer.text
        for row in [r for r in rows if r["lane"] == "train"][train : train + 12]:
            body = {"annotation_id": str(uuid.uuid4()), "image_id": row["image_id"], "kind": "label"}
            self.labeler.post("/api/annotations", body | {"label": truth[row["path"]], "annotator": "Ada"})

    def pool(self) -> list[Any]:
        token = {"Authorization": f"Bearer {self.token}"}
        rows: list[Any] = self.labeler.get("/api/pool?limit=20000", headers=token)["images"]
        return rows

    @property
    def token(self) -> str:
        return (self.data / "tokens" / "trainer").read_text().strip()

    def join(self) -> None:
        self.trainer = FakeTrainer()
        self.trainer.join(self.labeler, token=self.token)  # type: ignore[arg-type]

    def train(self) -> None:
        """Fit on more and more labels; report metrics each time, and now and then a version that is kept."""
        images = load_digits()[0]
        pixels, order = images.reshape(len(images), -1) / 16, dict(zip(PATHS, range(len(images)), strict=True))
        rows, labels = self.pool(), self.labels()
        known = [r for r in rows if r["image_id"] in labels]
        tests = [r for r in known if r["lane"] == "test"]
        train = [r for r in known if r["lane"] == "train"]
        open_rows = [r for r in rows if r["lane"] == "train" and r["image_id"] not in labels]
        x = lambda part: pixels[[order[r["path"]] for r in part]]  # noqa: E731
        y = lambda part: np.array([int(labels[r["image_id"]]) for r in part])  # noqa: E731
        for number, count in enumerate(STEPS.tolist(), 1):
            centres = class_means(x(train[:count]), y(train[:count]))
            probs = nearness(centres, x(tests))
            loss = -np.log(nearness(centres, x(train[:count]))[np.arange(count), y(train[:count])]).mean()
            metrics = {n: v.wire() for n, v in evaluate(probs, y(tests), dict(enumerate(CLASSES)), 2).items()}
            pool = summarise(nearness(centres, x(open_rows)), np.arange(10))
            self.evaluated(number, count, float(loss), metrics, pool.wire() if pool else None)
            kept = number % KEPT_EVERY == 0 or number == len(STEPS)
            self.versions += [number] if kept else []
            self.version(number, count, kept, metrics, [r["number"] for r in tests], probs)
        wait_for(lambda: len(self.labeler.get("/api/versions")["versions"]) == len(self.versions), "all versions")

    def evaluated(self, number: int, labels: int, loss: float, metrics: dict[str, Any], pool: Any = None) -> None:
        """The trainer says what an evaluation found."""
        self.trainer.send(
            events.METRICS_REPORT, based_on_seq=number, model_version=number, labels=labels, train_loss=loss,
            metrics=metrics, outlook=[], pool=pool,
        )  # fmt: skip
        history = lambda: self.labeler.get("/api/metrics")["history"]  # noqa: E731
        wait_for(lambda: history()[-1:] and history()[-1]["seq"] == number, "the evaluation to be kept")

    def version(
        self, number: int, labels: int, kept: bool, metrics: Any, images: list[int], probs: np.ndarray[Any, Any]
    ) -> None:
        self.trainer.send(
            events.VERSION, version=number, based_on_seq=number, labels=labels, space="pixels", kept=kept,
            metrics=metrics, images=images, classes=list(range(10)), probs=pack_probs(probs),
        )  # fmt: skip

    def answer_label_issues(self) -> list[str]:
        """Answer the question that waits as the trainer would. Returns ids of the images, likeliest error first."""
        ask = wait_for(lambda: [a for a in self.trainer.all(events.ASK) if a["kind"] == "label_issues"], "a question")[
            -1
        ]
        labels = self.labels()
        rows = [r for r in self.pool() if r["lane"] == "train" and r["image_id"] in labels]
        pixels = load_digits()[0].reshape(len(PATHS), -1)[[PATHS.index(r["path"]) for r in rows]]
        x = (pixels / np.linalg.norm(pixels, axis=1, keepdims=True)).astype(np.float32)
        y = np.array([int(labels[r["image_id"]]) for r in rows])
        probs, _ = held_out_probabilities(x, y, Train(), 1.0, lambda _share: None)
        found = likely_errors(y, probs)
        issues = [
            [rows[i]["number"], int(y[i]), int(k), float(probs[i, y[i]]), float(probs[i, k])]
            for i, k in ((i, probs[i].argmax()) for i in found)
        ]
        facts = {"issues": issues, "examined": len(y), "left_out": 0}
        body = pack_answer(AnswerHead(state=AnswerState.DONE, facts=facts))
        url = f"{self.labeler.url}/api/trainer/answers/{ask['id']}"
        answer = requests.post(url, data=body, headers={"Authorization": f"Bearer {self.token}"}, timeout=20)
        assert answer.ok, answer.text
        return [rows[i]["image_id"] for i in found]

    def labels(self) -> dict[str, str]:
        """Image id → label that stands, folded from the log as a script would."""
        rows = self.labeler.get("/api/annotations?limit=10000")["annotations"]
        undone = {row["undoes"] for row in rows}
        return {r["image_id"]: r["label"] for r in rows if r["kind"] == "label" and r["annotation_id"] not in undone}


def class_means(x: Array, y: Array) -> Array:
    """The mean of each class, (10, D); of a class without an example the mean of all."""
    return np.stack([x[y == k].mean(axis=0) if (y == k).any() else x.mean(axis=0) for k in range(10)])


def nearness(centres: Array, x: Array) -> Array:
    """Probabilities that fall with the squared distance to the classes' means, (n, 10)."""
    logits = -1.5 * ((x[:, None] - centres) ** 2).sum(axis=2)
    probs = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(probs / probs.sum(axis=1, keepdims=True), np.float32)


@contextmanager
def analysed(
    folder: Path, images: Path, truth: dict[str, str], train: int = 500, **settings: str
) -> Iterator[Analysed]:
    """A labeler that was labelled and trained for; it is ended afterwards."""
    data = folder / "data"
    settings = {"stop__thresholds": '{"accuracy": {"at_least": 0.95}}', "images__scan_every_s": "60"} | settings
    labeler = labeler_process(folder, images, data, classes=str(CLASSES).replace("'", '"'), **settings)
    labeler.start()
    made = Analysed(labeler, data)
    try:
        labeler.ready()
        wait_for(lambda: labeler.get("/api/state")["scan"]["done"], "the folder to be looked through", 60)
        made.label(truth, train)
        made.join()
        made.train()
        yield made
    finally:
        if made.trainer.client.connected:
            made.trainer.client.disconnect()
        if labeler.alive:
            labeler.end()
