"""Stages that share no process: what travels between them changes nothing."""

import pytest

from postproc.errors import ProtocolViolation
from postproc.stage import Emission
from postproc.traffic import pack, unpack
from tests.support import links


class Travelling:
    """A stage whose messages to the next one are encoded and decoded on their way."""

    def __init__(self, stage):
        self._stage = stage
        self.name = stage.name

    def feed(self, port, message):
        return self._sent(self._stage.feed(port, message))

    def finish(self):
        return self._sent(self._stage.finish())

    def _sent(self, emissions):
        for port, message in emissions:
            yield Emission(port, unpack(pack(message)) if port == "out" else message)


@pytest.mark.parametrize(
    ("parameters", "recordings"),
    [
        (links.bbm92_parameters(), links.pair_recordings(1, 2, 10**11, 5.0)),
        (links.decoy_parameters(), links.decoy_recordings(1, 2, 2, 10**11, 5.0)),
    ],
)
def test_sessions_are_the_same_with_every_message_encoded(parameters, recordings):
    direct = links.link(parameters, recordings, seed=b"same")
    travelled = links.link(parameters, recordings, seed=b"same", wrap=Travelling)
    for role in links.EVERYTHING:
        assert direct[role].keys == travelled[role].keys
        assert len(direct[role].keys) == 2
        assert [end.record for end in direct[role].ends] == [end.record for end in travelled[role].ends]


@pytest.mark.parametrize("data", [b"", b"\xc0", b"\x81\xa4type\xa3End\x00", b"\x81\xa4type\xa5Other"])
def test_anything_else_is_a_violation(data):
    with pytest.raises(ProtocolViolation):
        unpack(data)
