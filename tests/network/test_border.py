"""Two ends of a border in memory, whatever becomes of keys and words between them."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.errors import RecordingError
from qkdctl.keystore.secret import Secret
from qkdctl.kme.refusal import unavailable
from qkdctl.kme.words import Terms
from qkdctl.network.border import Border
from qkdctl.network.border_words import ExtKey, ExtKeys, KeyName, VoidKeys
from qkdctl.network.ports import LinkRefused
from qkdctl.network.spec import BorderSpec
from qkdctl.network.words import Letter
from tests.support.hurried import run_hurried

KEY_IDS = ("key 1", "key 2")
WEST, EAST = ("SAE_W",), ("SAE_E1", "SAE_E2")


class Abroad:
    """Words to the other end; each may be lost."""

    def __init__(self, lost):
        self.lost = lost
        self.other = None

    async def _say(self, what, word):
        if what in self.lost:
            raise unavailable(f"{what} is lost")
        word()

    async def hand_over(self, letter, keys, made_of, targets):
        told = ExtKeys([ExtKey(name, "AAAA") for name in letter.terms.key_ids], "SAE_W", list(targets), "")
        await self._say("hand over", lambda: self.other.receive(told))

    async def void(self, letter, targets):
        names = [KeyName(name) for name in letter.terms.key_ids]
        await self._say("void", lambda: self.other.revoke(VoidKeys(names, "SAE_W", list(targets), "")))

    async def acknowledge(self, acks):
        await self._say("acknowledge", lambda: self.other.heard(acks))


class Inland:
    """A domain in which keys may not arrive, or not soon."""

    def __init__(self, fates, together=False):
        self.fates = fates
        self.together = together
        self.waiting = set()

    def serves(self, sae):
        return sae in EAST

    def by_node(self, saes):
        return [tuple(saes)] if self.together else [(sae,) for sae in saes]

    async def deliver(self, came_from, keys, values, saes):
        fates = {self.fates[sae] for sae in saes}
        if "fails" in fates:
            raise unavailable("no way")
        if "unwritten" in fates:
            raise RecordingError("a disk is full")
        if "late" in fates:
            await asyncio.sleep(0.05)
        names = {(key.key_id, sae) for key in keys.keys for sae in saes}
        assert not names & self.waiting
        self.waiting |= names

    async def withdraw(self, letter, key_ids):
        self.waiting = {(key_id, sae) for key_id, sae in self.waiting if key_id not in key_ids}
        return True


def ends(lost, fates, together):
    west, east = Abroad(lost), Abroad(lost)
    inland = Inland(fates, together)
    here = Border(BorderSpec("b", "east", "w", EAST), west, Inland({}), ack_s=0.02)
    there = Border(BorderSpec("b", "west", "e", WEST), east, inland)
    west.other, east.other = there, here
    return here, there, inland


@given(
    st.sets(st.sampled_from(["hand over", "acknowledge", "void"])),
    st.fixed_dictionaries({sae: st.sampled_from(["arrives", "fails", "unwritten", "late"]) for sae in EAST}),
    st.booleans(),
)
@settings(deadline=None)
def test_keys_have_arrived_or_are_called_off(lost, fates, together):
    async def cross():
        here, there, inland = ends(lost, fates, together)
        letter = Letter("", Terms("SAE_W", EAST, 24, KEY_IDS), (), onward="east")
        try:
            await here.pass_on(letter, Secret(bytes(6)), "{}")
            arrived = True
        except LinkRefused:
            arrived = False
        for _ in range(2):
            await here.finish()
            await there.finish()
        return arrived, inland.waiting

    arrived, waiting = run_hurried(cross())
    everything = {(name, sae) for name in KEY_IDS for sae in EAST}
    assert arrived == (not lost & {"hand over", "acknowledge"} and set(fates.values()) == {"arrives"})
    if arrived:
        assert waiting == everything
    elif "void" not in lost:
        assert not waiting
