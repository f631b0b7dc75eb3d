"""How much of the processor each kind of work gets when others want it too: niceness, 0 for the loop."""

from __future__ import annotations

import logging
import os
import threading
from typing import Final

log = logging.getLogger(__name__)

ANSWERING: Final = 5  # a person waits; about a quarter beside a normal thread
READING: Final = 10  # waits between its batches while the loop has something to do; about a tenth
BESIDE: Final = 15  # goes on for minutes whatever the loop does; a few hundredths


def lower_priority(niceness: int = READING) -> None:
    """Let this thread, and those it starts, have less of the processor when others want it (Linux)."""
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
    except (AttributeError, OSError) as error:
        log.debug("priority not lowered: %s", error)
