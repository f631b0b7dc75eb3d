"""The simulated annotator at a labeler on a real port."""

from __future__ import annotations

import random
from collections.abc import Callable

from benchmarks.annotator import Annotator, Truth
from tests.integration.conftest import Server

COUNT = 30
TRUTH = Truth([(f"{i}.png", "even" if i % 2 == 0 else "odd") for i in range(COUNT)])


def rows_of(annotator: Annotator) -> list[dict[str, str]]:
    answer = annotator.session.get(f"{annotator.url}/api/annotations", timeout=10)
    rows: list[dict[str, str]] = answer.json()["annotations"]
    return rows


def test_everything_is_labelled_once_and_right(serve: Callable[..., Server]) -> None:
    server = serve(classes=["odd"])
    server.find(COUNT)
    annotator = Annotator(server.url, TRUTH, random.Random(0), patience_s=0.2)
    summary = annotator.run()
    assert (summary.labels, summary.wrong, summary.unknown) == (COUNT, 0, 0)
    assert summary.train + summary.test == COUNT
    assert summary.test == server.state()["counts"]["test"] > 0
    assert {row["filename"]: row["label"] for row in rows_of(annotator)} == {
        f"{i}.png": "even" if i % 2 == 0 else "odd" for i in range(COUNT)
    }


def test_what_is_not_known_is_skipped_and_mistakes_are_counted(serve: Callable[..., Server]) -> None:
    server = serve()
    server.find(COUNT + 5)
    annotator = Annotator(server.url, TRUTH, random.Random(1), errors=0.4, patience_s=0.2)
    summary = annotator.run()
    assert (summary.labels, summary.unknown) == (COUNT, 5)
    labels = {row["filename"]: row["label"] for row in rows_of(annotator) if row["kind"] == "label"}
    assert summary.wrong == sum(label != TRUTH.label(name) for name, label in labels.items()) > 0


def test_it_ends_at_its_maximum_and_when_the_session_is_stopped(serve: Callable[..., Server]) -> None:
    server = serve()
    server.find(COUNT)
    annotator = Annotator(server.url, TRUTH, random.Random(0), patience_s=0.2)
    assert annotator.run(maximum=7).labels == 7
    annotator.session.post(f"{server.url}/api/control", json={"action": "stop"}, timeout=10)
    summary = annotator.run()
    assert summary.labels == 7
    assert summary.session in ("stopping", "stopped")


def test_a_rate_is_kept(serve: Callable[..., Server]) -> None:
    server = serve()
    server.find(COUNT)
    naps: list[float] = []
    annotator = Annotator(
        server.url, TRUTH, random.Random(0), rate=60, patience_s=0.2, clock=lambda: 0.0, sleep=naps.append
    )
    annotator.run(maximum=4)
    assert naps == [1.0, 2.0, 3.0, 4.0]
