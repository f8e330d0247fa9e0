"""What a party's instruments do when a session lets go of them."""

from contextlib import suppress

from drivers.errors import DriverError
from drivers.instrument import BaseInstrument
from qkdctl.calibration.stand import BenchTime, Stand
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
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


def test_one_party_s_trouble_keeps_the_other_s_instruments_not_from_it():
    stand = in_mind(whole_link())
    table = Stand(load_scenario(scenario_path("demo")), rigs(stand), BenchTime(stand.models.clock))
    stand.fault("alice.attenuator", "mute", True)
    detectors = table.need("bob.detectors", object)
    assert detectors.enabled
    with suppress(DriverError):
        table.close()
    assert detectors._closed
