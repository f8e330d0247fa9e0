"""A session's states: only the ways that are drawn, whatever is heard, in whatever order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.node.state import NEXT, STATES, SessionState
from qkdctl.node.telemetry import Event

EVENTS = [
    Event("stages-0", "state", "agreed", {}),
    Event("stages-0", "clock", "locked", {}),
    Event("acquire", "state", "recording", {}),
    Event("acquire", "rates", "", {"count": 3}),
    Event("stages-1", "tested", "1", {}),
]


def test_a_session_that_goes_well():
    state = SessionState()
    seen = [state.now]
    state.go("preparing")
    for event in EVENTS:
        state.hear(event)
        seen.append(state.now)
    state.go("ended")
    assert seen == ["idle", "locking", "running", "running", "running", "running"]


def test_pause_and_begin_anew():
    state = SessionState()
    state.go("preparing")
    state.go("paused", "the line went")
    assert state.reason == "the line went"
    state.go("preparing")
    assert state.reason == ""


@given(st.lists(st.one_of(st.sampled_from(EVENTS), st.sampled_from(STATES)), max_size=30))
def test_no_way_but_those_drawn(steps):
    state = SessionState()
    for step in steps:
        before = state.now
        if isinstance(step, Event):
            state.hear(step)
            assert state.now == before or before in ("preparing", "locking")
        elif step in NEXT[before]:
            state.go(step)
            assert state.now == step
        else:
            with pytest.raises(ValueError, match="cannot become"):
                state.go(step)
            assert state.now == before


def test_what_has_ended_stays_so():
    assert NEXT["ended"] == NEXT["failed"] == ()
