"""A peer that says something no honest one would: the block ends, the program does not."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc.blocks import SecretBlock
from postproc.conversation.frames import unpack
from postproc.conversation.messages import MAX_REASON, Abort, decode, encode
from postproc.errors import ProtocolViolation
from postproc.estimation.stage import KeyErrors
from tests.support import links
from tests.support.hostile import Liar, altered

LINKS = {
    "cascade": (links.bbm92_parameters("cascade"), links.pair_recordings(1, 1, 10**11, 5.0)),
    "ldpc": (links.bbm92_parameters("ldpc"), links.pair_recordings(1, 1, 10**11, 5.0)),
    "decoy": (links.decoy_parameters("ldpc", decoys=1), links.decoy_recordings(1, 1, 1, 10**11, 5.0)),
}


@pytest.mark.parametrize("link", LINKS)
@given(st.data())
@settings(max_examples=25)
def test_no_lie_gets_through_or_stops_the_program(link, data):
    parameters, recordings = LINKS[link]
    liar = Liar(
        data.draw(st.sampled_from(links.EVERYTHING)),
        data.draw(st.integers(0, 25)),
        lambda payload: data.draw(altered(payload)),
    )
    said = []

    def wire(sender, frame):
        out = liar(sender, frame)
        # How many blocks there are is a hint outside them: a lie about it costs blocks, and spoils none.
        said.append(out == (frame,) or unpack(frame).stage == "cut")
        return out

    outcomes = links.link(parameters, recordings, wire)
    if not all(said):
        assert not any(isinstance(end, SecretBlock) for end in outcomes["bob"].ends)
    alice, bob = ({**o.sink.staged, **o.sink.confirmed} for o in outcomes.values())
    assert all(alice[block] == bob[block] for block in alice.keys() & bob.keys())


@pytest.mark.parametrize("counts", [(-1, 5), (2**62, 5), (-(2**63), 1)])
def test_counts_that_cannot_be_are_no_message(counts):
    payload = msgspec.msgpack.encode(("KeyErrors", (0, 0), counts))
    with pytest.raises(ProtocolViolation):
        decode(payload, KeyErrors)


def test_a_reason_is_a_sentence_and_no_book():
    assert decode(encode(Abort(False, "x" * MAX_REASON)), Abort).reason == "x" * MAX_REASON
    with pytest.raises(ProtocolViolation):
        decode(msgspec.msgpack.encode(("Abort", False, "x" * (MAX_REASON + 1))), Abort)
