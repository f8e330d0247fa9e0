"""A node that is to stop does so, also where the other one is heard and answers nothing."""

from time import monotonic

from qkdctl.node.supervisor import FINISH_S, Supervisor
from tests.support.node_specs import node_spec


class AtWork:
    """Processes that all go on."""

    def codes(self):
        return dict.fromkeys(("acquire", "stages-0", "channel"))


def stopping(tmp_path, since_s):
    """A supervisor in the midst of a session that was told to stop so long ago."""
    supervisor = Supervisor(node_spec(tmp_path, duration_s=9.0))
    supervisor._processes = AtWork()
    supervisor._agreed = True
    supervisor._stop(monotonic() - since_s)
    return supervisor


def test_blocks_are_given_time_to_be_finished(tmp_path):
    supervisor = stopping(tmp_path, 0.0)
    assert not supervisor._session_over()
    assert supervisor.failure is None


def test_but_not_for_ever(tmp_path):
    supervisor = stopping(tmp_path, FINISH_S + 1)
    assert supervisor._session_over()
    assert supervisor.failure is not None
    assert "not finished within 60 s" in supervisor.failure.reason
