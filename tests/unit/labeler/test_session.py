from __future__ import annotations

import pytest

from labeler.session import TRANSITIONS, Event, advance
from shared.errors import Conflict
from shared.messages import SessionState


@pytest.mark.parametrize("state", SessionState)
@pytest.mark.parametrize("event", Event)
def test_only_the_table_decides(state: SessionState, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert advance(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(Conflict, match=f"cannot {event.value} while .* '{state.value}'"):
            advance(state, event)


def test_every_state_can_be_reached_and_left() -> None:
    assert set(TRANSITIONS.values()) | {SessionState.SETUP} == set(SessionState)
    assert {state for state, _ in TRANSITIONS} == set(SessionState)
