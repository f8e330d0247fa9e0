"""Two ends of a border in memory, whatever becomes of keys and words between them."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.errors import RecordingError
from qkdctl.keystore.secret import Secret
from qkdctl.kme.refusal import Refusal, unavailable
from qkdctl.kme.words import Terms
from qkdctl.network.border import Border
from qkdctl.network.border_words import Ack, ExtKey, ExtKeys, KeyName, VoidKeys
from qkdctl.network.ports import LinkRefused
from qkdctl.network.spec import BorderSpec
from qkdctl.network.words import Letter
from tests.support.hurried import run_hurried

KEY_IDS = ("0a0b0c0d-0000-4000-8000-00000000abcd", "0a0b0c0d-0000-4000-8000-00000000abce")
WEST, EAST = ("SAE_W",), ("SAE_E1", "SAE_E2")


class Abroad:
    """Words to the other end; each may be lost."""

    def __init__(self, lost):
        self.lost = lost
        self.other = None
        self.acks = []

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
        self.acks += acks
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


@pytest.mark.parametrize(
    "spelling", [str.upper, "{{{}}}".format, "urn:uuid:{}".format, lambda name: name.replace("-", "")]
)
def test_a_name_is_one_name_however_it_is_written(spelling):
    """Applications ask for keys by their canonical names; the other side hears of them in its own spelling."""
    written = [KeyName(spelling(name)) for name in KEY_IDS]

    async def hand_over_and_take_back():
        _, there, inland = ends((), dict.fromkeys(EAST, "arrives"), together=True)
        keys = ExtKeys([ExtKey(name.key_id, "AAAA") for name in written], "SAE_W", list(EAST), "")
        there.receive(keys)
        await there.finish()
        waiting = set(inland.waiting)
        with pytest.raises(Refusal, match="is here already"):
            there.receive(ExtKeys([ExtKey(KEY_IDS[0], "AAAA")], "SAE_W", list(EAST), ""))
        there.revoke(VoidKeys(written[:1], "SAE_W", list(EAST), ""))
        await there.finish()
        return waiting, there._abroad.acks, inland.waiting

    waiting, acks, left = run_hurried(hand_over_and_take_back())
    assert waiting == {(name, sae) for name in KEY_IDS for sae in EAST}
    assert [(ack.key_ids, ack.ack_status) for ack in acks[:2]] == [(written, "relayed")] * 2
    assert [(ack.key_ids, ack.ack_status) for ack in acks[2:]] == [(written[:1], "voided")] * 2
    assert {name for name, _ in left} == {KEY_IDS[1]}


def test_an_acknowledgement_may_spell_names_in_its_own_way():
    async def cross():
        here, _, _ = ends((), dict.fromkeys(EAST, "arrives"), together=True)
        here._abroad.hand_over = lambda *_: asyncio.sleep(0)
        letter = Letter("", Terms("SAE_W", EAST, 24, KEY_IDS), (), onward="east")
        passing = asyncio.create_task(here.pass_on(letter, Secret(bytes(6)), "{}"))
        await asyncio.sleep(0)
        names = [KeyName(name.upper()) for name in KEY_IDS]
        here.heard([Ack(names, "relayed", "SAE_W", sae) for sae in EAST])
        await passing

    run_hurried(cross())


def test_a_name_that_is_no_uuid_is_refused_everywhere():
    async def say():
        _, there, _ = ends((), dict.fromkeys(EAST, "arrives"), together=True)
        names = [KeyName(KEY_IDS[0]), KeyName("key 1")]
        with pytest.raises(Refusal, match="no UUID"):
            there.receive(ExtKeys([ExtKey(n.key_id, "AAAA") for n in names], "SAE_W", list(EAST), ""))
        with pytest.raises(Refusal, match="no UUID"):
            there.revoke(VoidKeys(names, "SAE_W", list(EAST), ""))
        with pytest.raises(Refusal, match="no UUID"):
            there.heard([Ack(names, "relayed", "SAE_W", "SAE_E1")])

    run_hurried(say())
