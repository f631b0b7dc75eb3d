"""The session's states and the table of allowed transitions."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from shared.errors import Conflict
from shared.messages import SessionState


class Event(StrEnum):
    """What can happen to a session; PAUSE, RESUME and STOP are what a person may ask for."""

    READY = "ready"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    FINISHED = "finished"


TRANSITIONS: Final[dict[tuple[SessionState, Event], SessionState]] = {
    (SessionState.SETUP, Event.READY): SessionState.LABELLING,
    (SessionState.LABELLING, Event.PAUSE): SessionState.PAUSED,
    (SessionState.PAUSED, Event.RESUME): SessionState.LABELLING,
    (SessionState.LABELLING, Event.STOP): SessionState.STOPPING,
    (SessionState.PAUSED, Event.STOP): SessionState.STOPPING,
    (SessionState.STOPPING, Event.RESUME): SessionState.LABELLING,
    (SessionState.STOPPING, Event.FINISHED): SessionState.STOPPED,
    (SessionState.STOPPED, Event.RESUME): SessionState.LABELLING,
}


def advance(state: SessionState, event: Event) -> SessionState:
    """The state after `event`. Raises Conflict where the table has no such transition."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        allowed = ", ".join(e.value for (s, e) in TRANSITIONS if s is state) or "nothing"
        raise Conflict(
            f"cannot {event.value} while the session is in state {state.value!r}; possible now: {allowed}", "action"
        ) from None
