"""The process of one round, as the trainer sees it: started, listened to without waiting, ended."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final, Protocol

from trainer.slow.messages import Job, Outcome, Step, parse_line

CHUNK: Final = 65_536
LONGEST_LINE: Final = 100_000


class Process(Protocol):
    """What the slow loop needs of a process."""

    def poll(self) -> list[Step | Outcome]:
        """What it has said since; never waits. Raises ValueError on what cannot be read."""

    @property
    def ended(self) -> int | None:
        """Its exit status; None while it runs or has more to say."""

    def close(self) -> None:
        """End it at once."""


class RoundProcess:
    """`python -m trainer.slow` with a job; it ends with this process, even by SIGKILL (Linux)."""

    def __init__(self, job: Job) -> None:
        command = [sys.executable, "-m", "shared.pdeathsig", str(os.getpid()), sys.executable, "-m", "trainer.slow"]
        environ = os.environ | {"OMP_NUM_THREADS": str(job.config.slow.threads), "OMP_WAIT_POLICY": "PASSIVE"}
        self._process = subprocess.Popen(  # noqa: S603  # nosec B603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, bufsize=0
        )
        self._rest = b""
        self._silent = False
        if self._process.stdout is not None and self._process.stdin is not None:
            os.set_blocking(self._process.stdout.fileno(), False)
            self._process.stdin.write(job.model_dump_json().encode() + b"\n")
            self._process.stdin.close()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def poll(self) -> list[Step | Outcome]:
        """What it has said since; never waits. Raises ValueError on what cannot be read."""
        stream = self._process.stdout
        while stream is not None and not self._silent:
            piece = stream.read(CHUNK)
            if piece is None:
                break
            self._silent = not piece
            self._rest += piece
            if len(self._rest) > LONGEST_LINE:
                raise ValueError(f"got a line of more than {LONGEST_LINE} bytes; expected a few hundred")
        *lines, self._rest = self._rest.split(b"\n")
        return [parse_line(line) for line in lines]

    @property
    def ended(self) -> int | None:
        """Its exit status; None while it runs or has more to say."""
        return self._process.poll() if self._silent else None

    def close(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
