"""The process that draws a map, as the trainer sees it: started, listened to without waiting, ended."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from trainer.priority import BESIDE

CHUNK: Final = 65_536


class Order(NamedTuple):
    """A map to be drawn. codes: the .npy file to read; target: the .npz file to write."""

    name: str
    codes: Path
    target: Path


class Process(Protocol):
    """What the atlas needs of a process."""

    def progress(self) -> float:
        """The share done, 0..1; never waits."""

    @property
    def ended(self) -> int | None:
        """Its exit status; None while it runs."""

    def close(self) -> None:
        """End it at once."""


class DrawingProcess:
    """`python -m trainer.projection` at low priority, on one thread.

    It ends with this process, even by SIGKILL (Linux).
    """

    def __init__(self, order: Order) -> None:
        files = [str(order.codes), str(order.target)]
        module = [sys.executable, "-m", "trainer.projection", order.name, *files, str(BESIDE)]
        environ = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
        self._process = subprocess.Popen(  # noqa: S603  # nosec B603
            [sys.executable, "-m", "shared.pdeathsig", str(os.getpid()), *module],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=environ,
            bufsize=0,
        )
        self._done = 0.0
        if self._process.stdout is not None:
            os.set_blocking(self._process.stdout.fileno(), False)

    def progress(self) -> float:
        """The share done, 0..1; never waits."""
        stream = self._process.stdout
        said = stream.read(CHUNK) if stream is not None else None
        for line in (said or b"").split(b"\n")[:-1]:
            self._done = max(self._done, float(line))
        return self._done

    @property
    def ended(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.poll()

    def close(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
