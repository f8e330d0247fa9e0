"""Lightlab (Princeton) talks to the emulated attenuator."""

from __future__ import annotations

from functools import partialmethod

import pytest
import pyvisa

from tests.drivers.foreign.conftest import Host, socket_resource


@pytest.mark.filterwarnings("ignore")  # what the package itself imports has warnings of its own
def test_lightlab_sets_the_attenuator(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    module = pytest.importorskip("lightlab.equipment.lab_instruments.HP_8156A_VA")
    # GPIB has an end of message, for which it is written; on a socket VISA has to be told what ends one.
    opened = partialmethod(pyvisa.ResourceManager.open_resource, read_termination="\n")
    monkeypatch.setattr(pyvisa.ResourceManager, "open_resource", opened)
    stand, full = host("hp-8156a")
    attenuator = module.HP_8156A_VA(name="attenuator", address=socket_resource(stand, full))
    attenuator.safeSleepTime = 0.01
    attenuator.startup()
    assert attenuator.attenDB == 0
    attenuator.attenDB = 12.5
    with stand.open(full) as driver:
        assert driver.attenuation_db == 12.5  # type: ignore[attr-defined]
        assert driver.shutter_open  # type: ignore[attr-defined]
