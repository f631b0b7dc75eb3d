"""The command line, as a process of its own."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import requests

from tests.processes import Service, free_port
from tests.waiting import wait_for


def trainer(tmp_path: Path, *arguments: str) -> Service:
    return Service("trainer", list(arguments), tmp_path / "log.txt")


def test_without_a_labeler_it_waits_answers_and_ends_cleanly(tmp_path: Path) -> None:
    port = free_port()
    environ = {"LABELSTREAM_MODEL__WEIGHTS": "none"}
    service = Service(
        "trainer",
        ["--data", str(tmp_path / "d"), "--labeler", f"http://127.0.0.1:{free_port()}", "--port", str(port)],
        tmp_path / "log.txt",
        environ,
    ).start()

    def healthy() -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).json()["status"] == "ok"
        except requests.RequestException:
            return False

    try:
        wait_for(healthy, "an answer", 60)
        refused = requests.post(f"http://127.0.0.1:{port}/active_learning", json={"backbone": "b0"}, timeout=20)
        assert (refused.status_code, refused.json()["error"]["field"]) == (400, "add")
        figures = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=20).text
        assert "labelstream_trainer_applied_seq 0.0" in figures
        wait_for(lambda: "cannot reach the labeler" in service.output, "the complaint", 60)
        taken = Service("trainer", ["--data", str(tmp_path / "e"), "--port", str(port)], tmp_path / "2.txt", environ)
        assert taken.start().exit_status() == 2
        assert "--port" in taken.output
        assert "Traceback" not in taken.output
    finally:
        status = service.end(signal.SIGTERM)
    assert status == 0
    assert "Traceback" not in service.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--config", "/no/such/file.yaml"], "cannot read"),
        (["predict", "--model", "/no/such/model", "--images", "."], "model"),
    ],
)
def test_user_errors_end_with_a_sentence(tmp_path: Path, arguments: list[str], said: str) -> None:
    service = trainer(tmp_path, *arguments).start()
    assert service.exit_status() == 2
    assert said in service.output
    assert "Traceback" not in service.output


def test_help(tmp_path: Path) -> None:
    service = trainer(tmp_path, "--help").start()
    assert service.exit_status() == 0
    assert "--labeler" in service.output
