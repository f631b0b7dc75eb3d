"""Real service processes for tests: started on free ports, waited for, killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from benchmarks.services import free_port
from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Service:
    """`python -m <module>` as a child of the test."""

    module: str
    arguments: list[str]
    log: Path
    environ: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> Service:
        environ = {k: v for k, v in os.environ.items() if not k.startswith("LABELSTREAM_")}
        environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "PYTHONPATH": str(ROOT), **self.environ}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.module, *self.arguments],
                stdout=log, stderr=log, env=environ, cwd=self.log.parent,
            )  # fmt: skip
        return self

    def end(self, number: int = signal.SIGKILL) -> int:
        assert self.process
        self.process.send_signal(number)
        return self.process.wait(timeout=90)

    def exit_status(self) -> int:
        assert self.process
        return self.process.wait(timeout=90)

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass
class LabelerProcess(Service):
    """The labeler, and requests to it."""

    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ready(self) -> LabelerProcess:
        wait_for(lambda: self._healthy() or not self.alive, f"the labeler on port {self.port}")
        assert self.alive, self.output
        return self

    def get(self, path: str, **kwargs: Any) -> Any:
        return requests.get(self.url + path, timeout=20, **kwargs).json()

    def post(self, path: str, payload: object) -> requests.Response:
        return requests.post(self.url + path, json=payload, timeout=20)

    def _healthy(self) -> bool:
        try:
            return requests.get(self.url + "/healthz", timeout=2).ok
        except requests.RequestException:
            return False


def labeler_process(folder: Path, images: Path, data: Path, port: int | None = None, **settings: str) -> LabelerProcess:
    """A labeler that is not started yet. settings: environment names without their prefix, as server__token."""
    port = free_port() if port is None else port
    arguments = ["--images", str(images), "--data", str(data), "--port", str(port)]
    environ = {f"LABELSTREAM_{k.upper()}": v for k, v in settings.items()}
    return LabelerProcess("labeler", arguments, folder / "labeler.log", environ, port=port)


def trainer_process(folder: Path, images: Path, data: Path, labeler_url: str, **settings: str) -> Service:
    """A trainer that is not started yet."""
    arguments = ["--images", str(images), "--data", str(data), "--labeler", labeler_url, "--port", str(free_port())]
    environ = {f"LABELSTREAM_{k.upper()}": v for k, v in settings.items()}
    return Service("trainer", arguments, folder / "trainer.log", environ)
