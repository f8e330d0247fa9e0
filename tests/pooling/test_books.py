"""The books of a pool: all that was said, disclosed and spent for its members, once."""

import pytest

from postproc.conversation.record import BlockRecord, Disclosure, Transcript
from postproc.pooling.gather import joined_books

PREAMBLE, OTHER = Transcript((b"a",), (b"b",)), Transcript((b"c",), ())


def member(number, preamble, **more):
    said = Transcript((b"%d" % number,), ())
    return BlockRecord(b"s" * 16, number, preamble=preamble, transcript=said, **more)


def test_nothing_of_a_member_is_left_out():
    disclosures = [Disclosure("sift", "bob", 7), Disclosure("sift", "alice", 5)]
    pool = joined_books(
        3,
        [
            member(1, PREAMBLE, tags=("alice",), disclosures=(disclosures[0],), epsilon_authentication=1e-20),
            member(2, PREAMBLE, figures={"key_bits": 3, "clock_correction_ps": -4.0}),
            member(3, OTHER, tags=("bob",), disclosures=(disclosures[1],), epsilon_authentication=2e-20),
        ],
    )
    assert (pool.session, pool.block) == (b"s" * 16, 3)
    assert pool.disclosures == tuple(disclosures)
    assert pool.disclosed_bits() == 12
    assert pool.tags == ("alice", "bob")
    assert pool.authentication_bits == 256
    assert pool.epsilon_authentication == pytest.approx(3e-20, rel=1e-9, abs=0)
    assert pool.transcript.alice == (b"1", b"2", b"3")
    # The preamble that two passes share is covered once, the other pass's as well.
    assert pool.preamble == Transcript((b"a", b"c"), (b"b",))
    assert pool.figures == {"key_bits": 3, "clock_correction_ps": -4.0}
