"""A party whose whole recording is one chunk, and one that comes to its blocks one by one."""

from postproc.outcome import BlockEnded
from postproc.parameters.stages import Clock, Reconciliation
from postproc.types import Alarm
from tests.support import links
from tests.support.streams import chunked

# Blocks far too small for a key, and more of them than frames are kept for blocks to come.
PARAMETERS = links.bbm92_parameters(
    block_s=0.0005,
    clock=Clock(preamble_s=0.01, max_offset_s=0.002),
    reconciliation=Reconciliation(method="ldpc", expected_qber=None),
)


def test_who_has_everything_at_once_loses_no_word_of_a_block():
    alice, bob = links.pair_recordings(1, 1, 10**9, 5.0)
    (whole,) = alice
    pieces = chunked(whole.time_ps, whole.channel, 100, (whole.start_ps, whole.stop_ps))
    outcomes = links.link(PARAMETERS, (pieces, bob))
    ends = {}
    for role, outcome in outcomes.items():
        assert not [m for m in outcome.messages if isinstance(m, Alarm) and m.name == "unexpected-message"]
        assert all(isinstance(end, BlockEnded) for end in outcome.ends)
        ends[role] = {end.record.block: (end.outcome, end.reason) for end in outcome.ends}
        assert not [reason for _, reason in ends[role].values() if "silent" in reason]
    assert ends["alice"] == ends["bob"]
    assert len(ends["bob"]) > 70
