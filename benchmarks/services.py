"""Labeler and trainer as real processes on free ports, for benchmarks and end-to-end tests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[1]
START_S = 120.0
STOP_S = 30.0


def free_port() -> int:
    """A port of this machine that nothing listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_until(condition: Callable[[], object], what: str, seconds: float = START_S) -> None:
    """Return when the condition holds. Raises TimeoutError naming `what` when it does not within `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.02)


@dataclass(slots=True)
class Service:
    """`python -m <module>` with its own environment; it can be killed and started again on the same port.

    log: the file that takes what it prints.
    """

    module: str
    url: str
    environ: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and wait until it answers. Raises RuntimeError with what it printed if it ends before."""
        command = [sys.executable, "-m", "shared.pdeathsig", str(os.getpid()), sys.executable, "-m", self.module]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=self.environ, stdout=log, stderr=log, cwd=ROOT)
        process = self.process
        wait_until(lambda: self._answers() or process.poll() is not None, f"{self.module} at {self.url}")
        if process.poll() is not None:
            raise RuntimeError(f"{self.module} did not start; it printed:\n{self.log.read_text(errors='replace')}")

    def kill(self) -> None:
        """End the process by SIGKILL, as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """Ask the process to end, as Ctrl-C does; kill it if it does not."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def memory_mb(self) -> tuple[float, float]:
        """Resident memory now and at its highest, in MB of 10^6 bytes (Linux)."""
        if self.process is None:
            return 0.0, 0.0
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        sizes = dict(line.split(":", 1) for line in status.splitlines())
        now, highest = (int(sizes[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM"))
        return now, highest

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=2).ok
        except requests.RequestException:
            return False


@dataclass(frozen=True, slots=True)
class Pair:
    """A labeler and the trainer that belongs to it; neither is started yet."""

    labeler: Service
    trainer: Service
    images: Path
    data: Path


@contextmanager
def pair(
    images: Path, data: Path, settings: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None
) -> Iterator[Pair]:
    """A labeler and a trainer on free ports; both are stopped at the end.

    settings: dotted key of the configuration → value, for both. environ: further variables for both.
    """
    data.mkdir(parents=True, exist_ok=True)
    labeler_port, trainer_port = free_port(), free_port()
    url = f"http://127.0.0.1:{labeler_port}"
    places = {
        "paths.images": images,
        "paths.data": data,
        "server.port": labeler_port,
        "trainer.port": trainer_port,
        "trainer.labeler_url": url,
    }
    variables = _environment({**places, **(settings or {})}) | dict(environ or {})
    made = Pair(
        Service("labeler", url, variables, data / "labeler.log"),
        Service("trainer", f"http://127.0.0.1:{trainer_port}", variables, data / "trainer.log"),
        images,
        data,
    )
    try:
        yield made
    finally:
        made.trainer.stop()
        made.labeler.stop()


def _environment(settings: Mapping[str, object]) -> dict[str, str]:
    """This process's environment with the settings; those that were in it are left out."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LABELSTREAM_")}
    named = {f"LABELSTREAM_{key.replace('.', '__').upper()}": _text(value) for key, value in settings.items()}
    return {"OMP_WAIT_POLICY": "PASSIVE", **clean, **named}


def _text(value: object) -> str:
    return json.dumps(value) if isinstance(value, (list, dict, bool)) or value is None else str(value)
