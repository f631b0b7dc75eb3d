"""A simulated annotator: labels from known labels, as a person's page would, until the session stops.

It is a plain HTTP client of a running labeler: it leases images, answers with the known label (now and then with a
wrong one, if asked to) and makes the classes that are missing.
"""

from __future__ import annotations

import csv
import random
import sys
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import requests

from benchmarks.table import parser_for, print_table, write_json

TIMEOUT_S = 30.0
PAUSE_S = 0.05


class Truth:
    """Known labels by file name; a path is matched by its end, as far as it is needed."""

    def __init__(self, labels: Sequence[tuple[str, str]]) -> None:
        """labels: (file name or path, label)."""
        self._by_name: defaultdict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        for filename, label in labels:
            parts = PurePosixPath(filename).parts
            self._by_name[parts[-1]].append((parts, label))
        self.classes = sorted({label for _, label in labels})

    @classmethod
    def read(cls, path: Path) -> Truth:
        """From a CSV with the columns `filename` and `label`; others are ignored. Raises ValueError without them."""
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or []
            if not {"filename", "label"} <= set(columns):
                raise ValueError(f"{path} has the columns {', '.join(columns)}; expected filename and label")
            return cls([(row["filename"], row["label"]) for row in reader])

    def label(self, filename: str) -> str | None:
        """The label of the known path that has the most last parts in common; None where there is none or a tie."""
        parts = PurePosixPath(filename).parts
        known = self._by_name.get(parts[-1], [])
        depths = [_common_end(parts, other) for other, _ in known]
        best = {label for (_, label), depth in zip(known, depths, strict=True) if depth == max(depths)}
        return best.pop() if len(best) == 1 else None


def _common_end(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    same = [a == b for a, b in zip(reversed(one), reversed(other), strict=False)]
    return [*same, False].index(False)


@dataclass(slots=True)
class Summary:
    """What an annotator did, and how things stood at its end."""

    labels: int = 0
    by_lane: Counter[str] = field(default_factory=Counter)
    wrong: int = 0
    unknown: int = 0
    seconds: float = 0.0
    session: str = ""
    reason: str = ""
    metrics: dict[str, Any] = field(default_factory=dict)
    last_seq: int = 0

    @property
    def test(self) -> int:
        """Labels on hold-out images."""
        return self.by_lane["test"]

    @property
    def train(self) -> int:
        """Labels that the model is fitted on."""
        return self.labels - self.test


@dataclass(slots=True)
class Annotator:
    """One simulated person at a labeler.

    rate: labels per minute, None for as fast as it goes. errors: probability of a wrong label. in_step: wait after
    each label until the queue is based on it, as a person who is slower than the trainer does without knowing.
    patience_s: how long to wait for an image, or for the stop, when there is nothing to label.
    """

    url: str
    truth: Truth
    rng: random.Random
    rate: float | None = None
    errors: float = 0.0
    in_step: bool = False
    patience_s: float = 60.0
    name: str = "simulated"
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    summary: Summary = field(default_factory=Summary)
    session: requests.Session = field(default_factory=requests.Session)
    _client: str = field(default_factory=lambda: str(uuid.uuid4()))

    def run(self, maximum: int | None = None) -> Summary:
        """Label until the session stops, nothing is left, or `maximum` labels are given."""
        self.add_classes()
        began = waiting_since = self.clock()
        while maximum is None or self.summary.labels < maximum:
            state = self.state()
            if state["session"] in ("stopping", "stopped") or self.clock() - waiting_since > self.patience_s:
                break
            tasks = self.lease()
            if not tasks:
                self.sleep(PAUSE_S)
                continue
            self.answer(tasks[0])
            waiting_since = self.clock()
            if self.rate:
                self.sleep(max(0.0, began + self.summary.labels * 60 / self.rate - self.clock()))
        self.summary.seconds = self.clock() - began
        return self._conclude()

    def add_classes(self) -> None:
        """Make the classes of the known labels that the labeler does not have."""
        there = {known["name"] for known in self.state()["classes"]}
        for name in self.truth.classes:
            if name not in there:
                self._post("/api/classes", {"name": name})

    def lease(self, count: int = 1) -> list[dict[str, Any]]:
        """The images this annotator holds, topped up to `count`."""
        tasks: list[dict[str, Any]] = self.lease_answer(count)["tasks"]
        return tasks

    def lease_answer(self, count: int = 1) -> dict[str, Any]:
        """The whole answer of `POST /api/leases`."""
        return self._post("/api/leases", {"annotator": self.name, "client": self._client, "count": count})

    def answer(self, task: dict[str, Any]) -> int:
        """Label one leased image, or skip it where its label is not known. Returns the `seq`."""
        label = self._label_for(task["filename"])
        body = {"annotation_id": str(uuid.uuid4()), "image_id": task["image_id"], "annotator": self.name}
        kind = {"kind": "skip"} if label is None else {"kind": "label", "label": label}
        self.summary.last_seq = int(self._post("/api/annotations", body | kind)["seq"])
        if label is not None:
            self.summary.labels += 1
            self.summary.by_lane[task["lane"]] += 1
        if self.in_step:
            self._wait_for_queue()
        return self.summary.last_seq

    def state(self) -> dict[str, Any]:
        """`GET /api/state`."""
        answer = self.session.get(f"{self.url}/api/state", timeout=TIMEOUT_S)
        answer.raise_for_status()
        state: dict[str, Any] = answer.json()
        return state

    def _label_for(self, filename: str) -> str | None:
        label = self.truth.label(filename)
        if label is None:
            self.summary.unknown += 1
        elif self.rng.random() < self.errors and len(self.truth.classes) > 1:
            self.summary.wrong += 1
            return self.rng.choice([other for other in self.truth.classes if other != label])
        return label

    def _wait_for_queue(self) -> None:
        end = self.clock() + self.patience_s
        while self.clock() < end:
            state = self.state()
            if state["queue"]["based_on_seq"] >= self.summary.last_seq or state["session"] != "labelling":
                return
            self.sleep(PAUSE_S / 5)

    def _conclude(self) -> Summary:
        """Wait for a stop under way, then note how things stand."""
        end = self.clock() + self.patience_s
        while (state := self.state())["session"] == "stopping" and self.clock() < end:
            self.sleep(PAUSE_S)
        self.summary.session, self.summary.reason = state["session"], state["stop_reason"] or ""
        self.summary.metrics = state["metrics"]
        return self.summary

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.session.post(self.url + path, json=body, timeout=TIMEOUT_S)
        if not answer.ok:
            raise RuntimeError(f"POST {path} answered {answer.status_code}: {answer.text[:300]}")
        decoded: dict[str, Any] = answer.json()
        return decoded


def show(summary: Summary) -> None:
    """Print what was done and reached."""
    print_table(
        [
            {
                "labels": summary.labels,
                "train": summary.train,
                "test": summary.test,
                "wrong": summary.wrong,
                "skipped": summary.unknown,
                "seconds": f"{summary.seconds:.1f}",
                "session": summary.session,
            }
        ]
    )
    overall = {name: metric for name, metric in summary.metrics.items() if "/" not in name}
    for name, metric in overall.items():
        interval = "" if metric["low"] is None else f" (95 %: {metric['low']:.3f} to {metric['high']:.3f})"
        print(f"{name}: {metric['value']:.3f}{interval}, on {metric['n']} test images")
    if summary.reason:
        print(f"stopped: {summary.reason}")


def main(argv: list[str] | None = None) -> int:
    """Label at a running labeler."""
    parser = parser_for("benchmarks.annotator", __doc__)
    parser.add_argument("--labels", type=Path, required=True, metavar="CSV", help="columns filename and label")
    parser.add_argument("--url", default="http://127.0.0.1:3334", help="the labeler (default: %(default)s)")
    parser.add_argument("--rate", type=float, metavar="N", help="labels per minute (default: as fast as it goes)")
    parser.add_argument(
        "--errors", type=float, default=0.0, metavar="P", help="share of wrong labels, 0-1 (default: 0)"
    )
    parser.add_argument("--max", type=int, metavar="N", help="stop after N labels")
    parser.add_argument("--in-step", action="store_true", help="wait after each label until the queue is based on it")
    given = parser.parse_args(argv)
    try:
        truth = Truth.read(given.labels)
        annotator = Annotator(given.url, truth, random.Random(given.seed), given.rate, given.errors, given.in_step)
        summary = annotator.run(20 if given.quick and given.max is None else given.max)
    except (OSError, ValueError, RuntimeError, requests.RequestException) as error:
        print(f"annotator: {error}", file=sys.stderr)
        return 1
    show(summary)
    write_json(given.json, {**asdict(summary), "train": summary.train, "test": summary.test})
    return 0


if __name__ == "__main__":
    sys.exit(main())
