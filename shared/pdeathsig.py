"""Ties a child process to its parent: `python -m shared.pdeathsig PARENT_PID COMMAND...`.

On Linux the kernel sends SIGTERM to the command when its parent dies, even by SIGKILL (prctl(2), PR_SET_PDEATHSIG);
the setting outlives exec. Elsewhere the command runs as it is. SIGINT asks it to end, also where a shell started all
this in the background and had SIGINT ignored.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Have SIGTERM sent to this process when `parent`, which started it, is gone. Linux only."""
    if not sys.platform.startswith("linux"):
        return
    if ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) or os.getppid() != parent:
        sys.exit(f"process {parent}, which started this one, is gone")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    die_with(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606  # nosec B606
