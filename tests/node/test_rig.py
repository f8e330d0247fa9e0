"""What a party's instruments do when a session lets go of them."""

from contextlib import suppress

import pytest

from drivers.errors import DriverError
from drivers.instrument import BaseInstrument
from drivers.roles import Attenuator, LightSource, TunableLaser, plays
from qkdctl.calibration.stand import BenchTime, Stand
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.errors import ConfigurationError
from qkdctl.node.rig import Rig
from tests.drivers.stands import in_mind, whole_link


def rigs(stand):
    parties = {
        party: {name: config for name, config in here.items() if name != "random"}
        for party, here in whole_link().items()
    }
    return {party: Rig(party, here, stand.addresses, stand.models) for party, here in parties.items()}


def test_what_shines_is_made_safe_first(monkeypatch):
    """Who waits for a process to end may lose patience while another instrument does not answer."""
    closed, close = [], BaseInstrument.close
    monkeypatch.setattr(BaseInstrument, "close", lambda self: (closed.append(self.name), close(self)))
    alice = rigs(in_mind(whole_link()))["alice"]
    alice.close()
    assert closed[0] == "alice.laser"
    assert set(closed) == {f"alice.{name}" for name in ("laser", "attenuator", "power_meter", "transmitter")}


def test_a_mute_laser_keeps_no_instrument_from_being_made_safe():
    stand = in_mind(whole_link())
    alice = rigs(stand)["alice"]
    instruments = list(alice.instruments.values())
    attenuator = alice.need("attenuator", Attenuator)
    assert attenuator.shutter_open
    stand.fault("alice.laser", "mute", True)
    assert alice.find("laser", LightSource) is instruments[0]
    with pytest.raises(DriverError, match=r"^alice.laser: .* go and look"):
        alice.close()
    assert all(each._closed for each in instruments)
    assert stand.say("alice.attenuator", ":OUTP?").strip() == "0"


def test_a_role_is_told_by_what_an_instrument_has():
    alice = rigs(in_mind(whole_link()))["alice"]
    with pytest.raises(ConfigurationError, match=r"^instruments.alice.laser: its driver is for another kind"):
        alice.find("laser", TunableLaser)
    assert not plays(alice.instruments["power_meter"], LightSource)
    alice.close()


def test_one_party_s_trouble_keeps_the_other_s_instruments_not_from_it():
    stand = in_mind(whole_link())
    table = Stand(load_scenario(scenario_path("demo")), rigs(stand), BenchTime(stand.models.clock))
    stand.fault("alice.attenuator", "mute", True)
    detectors = table.need("bob.detectors", object)
    assert detectors.enabled
    with suppress(DriverError):
        table.close()
    assert detectors._closed
