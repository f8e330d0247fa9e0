"""What becomes of shares at their last node, driven without sockets and stores."""

import asyncio
import json
from collections import Counter
from datetime import timedelta
from itertools import permutations

import pytest

from qkdctl.keystore.secret import Secret
from qkdctl.kme.allotment import Local
from qkdctl.kme.hybrid import KemKeys
from qkdctl.kme.words import Terms
from qkdctl.network.letters import pack_letter
from qkdctl.network.link_specs import LinkCard
from qkdctl.network.receiver import Receiver
from qkdctl.network.words import Letter
from tests.network.inmemory import route

LINKS = {name: LinkCard(name, (name[0], name[1]), "stored") for name in ("ab", "bd", "ac", "cd")}
LETTER = Letter(
    "relay", Terms("SAE_A", ("SAE_X",), 256, ("key",)), (route("abd"), route("acd")), onward="abroad"
)


class Everything:
    """Demands nothing."""

    def check(self, letter):
        pass


class Abroad:
    """Another domain, which takes all keys on."""

    def __init__(self):
        self.came = []

    async def pass_on(self, letter, keys, made_of):
        self.came.append((keys.reveal(), json.loads(made_of)["qkdctl_label"]))


def receiver(abroad):
    labels = ("secret", "recorded", "emulated")
    here = Local((), timedelta(minutes=1), 100, Counter())
    return Receiver(None, here, KemKeys(), Everything(), labels, LINKS, {"abroad": abroad})


@pytest.mark.parametrize("labels", list(permutations(["secret", "recorded", "emulated"], 2)))
def test_a_key_over_several_ways_is_worth_what_its_worst_share_is(labels):
    abroad = Abroad()
    last_node = receiver(abroad)

    async def arrive():
        for number, label in enumerate(labels):
            share = Secret(bytes([number + 1]) * 32)
            # It is kept when it is whole, and not before.
            assert await last_node.take(pack_letter(LETTER), LETTER, number, share, label) == (number == 1)

    asyncio.run(arrive())
    assert abroad.came == [(bytes([3]) * 32, max(labels, key=["secret", "recorded", "emulated"].index))]
