"""Many that ask at once whether the other KME is there share one question."""

import asyncio

import pytest

from qkdctl.keystore.store import KeyStore
from qkdctl.kme.agreement import Agreement
from qkdctl.kme.peer import PeerUnavailable
from qkdctl.kme.refusal import PEER_DOWN, Refusal
from qkdctl.kme.words import Matched
from qkdctl.kme.writer import Writer


class Peer:
    """Another KME that takes its time, and may be away."""

    def __init__(self, away):
        self.away = away
        self.asked = 0

    async def match(self, match):
        self.asked += 1
        await asyncio.sleep(0.01)
        if self.away:
            raise PeerUnavailable("away")
        return Matched((), (), (), {})


@pytest.mark.parametrize("away", [False, True])
def test_who_waits_for_an_answer_does_not_ask_again(tmp_path, away):
    peer = Peer(away)

    async def ask_all():
        async with Writer(lambda: KeyStore(tmp_path / "keys" / "alice.sqlite", "alice")) as writer:
            agreement = Agreement(writer, peer, ())
            first = await asyncio.gather(*(agreement.ensure() for _ in range(10)), return_exceptions=True)
            assert peer.asked == 1
            later = await asyncio.gather(agreement.ensure(), return_exceptions=True)
        return first, later

    first, later = asyncio.run(ask_all())
    assert [str(answer) for answer in first + later] == 11 * [
        str(Refusal(503, PEER_DOWN)) if away else "None"
    ]
    assert peer.asked == 1 + away
