"""What a session does with the instruments that give its light, whichever they are."""

import pytest

from drivers.configuration import InstrumentConfig
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.node.light import Light
from qkdctl.node.receiver import Receiver
from qkdctl.node.rig import Rig
from tests.drivers.stands import in_mind, whole_link


@pytest.fixture
def rigs():
    """Both parties' instruments, with a tunable laser."""
    parties = whole_link()
    parties["alice"]["laser"] = InstrumentConfig(driver="santec-tsl570")
    stand = in_mind(parties)
    del parties["alice"]["random"]
    opened = {party: Rig(party, here, stand.addresses, stand.models) for party, here in parties.items()}
    yield opened
    for each in opened.values():
        each.close()


def test_alice_s_laser_may_be_a_tunable_one(rigs):
    Light(rigs["alice"], load_scenario(scenario_path("demo")).parameters).prepare()
    assert rigs["alice"].instruments["laser"].emitting


def test_a_pump_laser_may_be_a_tunable_one(rigs):
    laser = rigs["alice"].instruments.pop("laser")
    rigs["bob"].instruments["laser"] = laser
    Receiver("bob", rigs["bob"]).prepare()
    assert laser.emitting
