from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

from benchmarks.services import pair, wait_until


def test_a_labeler_is_started_killed_and_started_again_on_its_port(tmp_path: Path) -> None:
    with pair(tmp_path, tmp_path / "data", {"classes": ["cat", "dog"]}) as services:
        for _ in range(2):
            services.labeler.start()
            state = requests.get(f"{services.labeler.url}/api/state", timeout=10).json()
            assert [known["name"] for known in state["classes"]] == ["cat", "dog"]
            services.labeler.kill()
    with pytest.raises(requests.ConnectionError):
        requests.get(services.labeler.url, timeout=10)


def test_a_service_that_cannot_start_says_why(tmp_path: Path) -> None:
    settings = {"stop.thresholds": {"acuracy": {"at_least": 0.9}}}
    with (
        pair(tmp_path, tmp_path / "data", settings) as services,
        pytest.raises(RuntimeError, match="unknown metric 'acuracy'"),
    ):
        services.labeler.start()


def test_settings_of_this_process_do_not_reach_the_services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABELSTREAM_SERVER__PORT", "1")
    with pair(tmp_path, tmp_path / "data", {"train.continuous": False, "classes": ["a"]}) as services:
        environ = services.trainer.environ
    assert environ["LABELSTREAM_SERVER__PORT"] == services.labeler.url.rpartition(":")[2]
    assert environ["LABELSTREAM_TRAIN__CONTINUOUS"] == "false"
    assert json.loads(environ["LABELSTREAM_CLASSES"]) == ["a"]


def test_waiting_names_what_did_not_come() -> None:
    with pytest.raises(TimeoutError, match="in vain for the moon"):
        wait_until(lambda: False, "the moon", seconds=0.05)
