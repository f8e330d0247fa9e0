"""Whoever comes next finds the transmitter as if nobody had been there, however the one before went."""

import pytest

from drivers.configuration import InstrumentConfig, open_all
from drivers.emulation.bench.live_bb84 import LiveBb84Bench
from drivers.emulation.bench.live_parameters import DecoyAlice, LiveBb84Scene
from drivers.emulation.bench.parameters import Receiver
from drivers.emulation.rack import Rack
from drivers.roles import Pattern

PATTERN = Pattern(slot_hz=5e6, levels=(1.0, 0.2), probabilities=(0.7, 0.3), key_basis_probability=0.6)
ALICE = {"transmitter": InstrumentConfig(driver="qkdctl-transmitter")}


@pytest.mark.parametrize("leave", ["close", "hang_up"])
def test_a_new_run_begins_with_slot_zero(leave):
    scene = LiveBb84Scene(
        alice=DecoyAlice(nominal_mean=0.5), channel_loss_db=10.0, misalignment_error=0.01, bob=Receiver()
    )
    with Rack(LiveBb84Bench(scene, 1), {"alice": ALICE}, speed=4.0) as rack:
        for _ in range(3):
            transmitter = open_all("alice", ALICE, rack.addresses)["transmitter"]
            transmitter.make_safe()
            transmitter.configure(PATTERN)
            transmitter.start()
            first = transmitter.read(60.0)
            assert first.first_slot == 0
            assert transmitter.read(60.0).first_slot == len(first)
            getattr(transmitter, leave)()
