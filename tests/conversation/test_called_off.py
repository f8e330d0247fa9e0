"""A block that one party ends after the other has gone on to the next step: it ends there, and later blocks go on."""

import msgspec
import pytest

from postproc.blocks import SecretBlock
from postproc.conversation.frames import pack, unpack
from postproc.outcome import BlockEnded, CalledOff
from postproc.parameters.stages import Clock, Reconciliation
from tests.support import links
from tests.support.streams import chunked

# Clocks that lock at once, so that there are blocks before the recording ends.
TOLD = links.bbm92_parameters(
    reconciliation=Reconciliation(method="ldpc", expected_qber=None),
    clock=Clock(preamble_s=0.01, max_offset_s=0.002),
)


def piecewise(recording, pieces=15):
    """As it comes on a running link: no block's words wait for the end of the recording."""
    (whole,) = recording
    return chunked(whole.time_ps, whole.channel, pieces, (whole.start_ps, whole.stop_ps))


LINKS = {
    "bbm92": lambda wire: links.link(
        TOLD, [piecewise(each) for each in links.pair_recordings(1, 3, 10**9, 5.0)], wire
    ),
    "decoy": lambda wire: links.link(
        links.decoy_parameters("cascade", decoys=1), links.decoy_recordings(1, 3, 1, 10**11, 5.0), wire
    ),
}
LAST_WORDS = [
    ("bbm92", "Kept"),
    ("bbm92", "TestErrors"),
    ("bbm92", "Corrected"),
    ("bbm92", "Equal"),
    ("decoy", "Matches"),
    ("decoy", "TestErrors"),
    ("decoy", "CutsWanted"),
    ("decoy", "KeyErrors"),
]


@pytest.mark.parametrize(("link", "word"), LAST_WORDS)
def test_a_last_word_that_makes_no_sense_costs_one_block(link, word):
    struck, after = [], []

    def wire(sender, data):
        frame = unpack(data)
        kind = msgspec.msgpack.decode(frame.payload)[0]
        if struck and frame.block == 2:
            after.append(frame.stage)
        if kind == word and frame.block == 1 and not struck:
            struck.append(frame.stage)
            return (pack(msgspec.structs.replace(frame, payload=msgspec.msgpack.encode([word, "nonsense"]))),)
        return (data,)

    outcomes = LINKS[link](wire)
    assert struck
    # Blocks 2 and 3 go all the way while the session lasts.
    assert "amplify" in after
    for outcome in outcomes.values():
        ended = {end.record.block: end for end in outcome.ends}
        assert isinstance(ended[1], BlockEnded)
        assert "silent" not in ended[1].reason
        assert isinstance(ended[2], SecretBlock)
        assert isinstance(ended[3], SecretBlock)
        assert set(outcome.keys) == {2, 3}
        assert not outcome.sink.staged
        assert not any(isinstance(message, CalledOff) for message in outcome.messages)
    assert outcomes["alice"].keys == outcomes["bob"].keys
