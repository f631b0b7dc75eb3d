"""Calls of the trainer's HTTP service that are answered later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests

from .conftest import Service


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
