"""Vendors' own packages talk to the emulated instruments."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import pytest

from tests.drivers.foreign.conftest import Host, device_of, port_of

T = TypeVar("T")


def test_srs_s_own_package_sets_delays(host: Host) -> None:
    srs = pytest.importorskip("srsinst.dg645")
    stand, full = host("srs-dg645")
    generator = srs.DG645("tcpip", "127.0.0.1", port_of(stand, full))
    generator.delays.delay["B"]["A"] = 1e-3
    assert "2,+0.001" in str(generator.delays.delay["B"])
    generator.trigger.trigger_source = "internal"
    generator.trigger.trigger_rate = 2500.0
    assert generator.trigger.trigger_source == "internal"
    assert generator.trigger.trigger_rate == 2500.0
    generator.outputs.amplitude["AB"] = 3.5
    assert generator.outputs.amplitude["AB"] == 3.5
    generator.disconnect()
    with stand.open(full) as driver:
        assert driver.amplitude_ab_v == 3.5  # type: ignore[attr-defined]


def test_toptica_s_own_sdk_sets_the_laser(host: Host) -> None:
    sdk = pytest.importorskip("toptica.lasersdk.dlcpro.v3_0_1")
    stand, full = host("toptica-dlcpro")
    connection = sdk.NetworkConnection("127.0.0.1", port_of(stand, full), 0)
    with sdk.DLCpro(connection) as dlc:
        assert "EMU" in dlc.serial_number.get()
        dlc.laser1.dl.cc.current_set.set(37.5)
        dlc.laser1.dl.cc.enabled.set(True)
        assert dlc.laser1.dl.cc.current_act.get() == 37.5
        assert dlc.emission.get() is True
        with pytest.raises(sdk.DecopError):
            dlc.laser1.dl.cc.current_set.set(1e6)
        with stand.open(full) as driver:
            assert driver.current_ma == 37.5  # type: ignore[attr-defined]
        assert dlc.emission.get() is False


def patiently(ask: Callable[[], T], good: Callable[[T], bool]) -> T:
    """Ask again where an answer came too late: the library waits for 10 ms and less, which a busy machine may take."""
    for _ in range(20):
        with suppress(ValueError, IndexError, TypeError, OSError):
            if good(answer := ask()):
                return answer
    raise AssertionError("no answer that is right")


def test_s_fifteen_s_own_library_counts_and_takes_time_tags(host: Host) -> None:
    library = pytest.importorskip("S15lib.instruments")
    stand, full = host("s15-tdc1")
    tagger = library.TimestampTDC1(device_of(stand, full), integration_time=0.3, level="TTL")
    assert patiently(lambda: tagger.mode, lambda mode: mode == "singles")
    tagger.threshold = 1.0
    assert patiently(
        lambda: float(tagger.level.split()[0]), lambda level: level == pytest.approx(1.0, abs=0.05)
    )
    tagger.clock = "2"
    assert patiently(lambda: int(tagger.clock), lambda clock: clock == 2)
    counts = patiently(lambda: tagger.get_counts(0.5), lambda found: len(found) == 4)
    assert sum(counts) == pytest.approx(400, rel=0.4)
    assert patiently(lambda: tagger.get_counts_and_coincidences(0.1), lambda found: len(found) == 8)
    times_ns, channels = patiently(
        lambda: tagger.get_timestamps(0.5, legacy=False), lambda found: len(found[0]) > 240
    )
    assert len(times_ns) < 1000
    assert set(channels.tolist()) <= {0, 1, 2, 4, 8}  # 0: the words without an event
    tagger._com.close()
    with stand.open(full) as driver:
        assert driver.clock == "internal"  # type: ignore[attr-defined]


def test_s_fifteen_s_own_library_sets_the_detector(host: Host) -> None:
    library = pytest.importorskip("S15lib.instruments")
    stand, full = host("s15-spd")
    detector = library.SinglePhotonDetector(device_of(stand, full))
    assert "SPD" in detector.identity()
    assert "hvolt" in detector.help()
    detector.hvolt = 158.5
    assert detector.hvolt == 158.5
    detector.threshvolt = 0.3
    assert detector.threshvolt == 0.3
    detector.settemperature = -30
    assert (detector.settemperature, detector.temperature) == (-30, -30)
    detector.temp_stabilization_off()
    assert detector.loop == 0
    detector.delay = 12
    assert detector.delay == 12
    assert detector.counts(0.2) > 0
    detector._com.close()
    with stand.open(full) as driver:
        assert driver.bias_v == 158.5  # type: ignore[attr-defined]


def test_agiltron_selfalign_chooses_a_fibre(host: Host) -> None:
    package = pytest.importorskip("agiltron_selfalign")
    stand, full = host("agiltron-ff")
    with package.AgiltronSelfAlign(device_of(stand, full), number_of_ports=8) as switch:
        switch.set_fiber_port(5)
    with stand.open(full) as driver:
        assert driver.output == 5  # type: ignore[attr-defined]
