"""What goes wrong in the rack, and what its driver makes of it: an error in its own terms, a gap, or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from drivers.errors import DataLost, InstrumentError, LimitError, NoAnswer, UnknownName
from tests.drivers.stands import MemoryStand, in_mind, on_rack, one_of

S = 10**12


def stand_of(driver: str, **settings: Any) -> tuple[MemoryStand, str, Any]:
    parties, full = one_of(driver)
    stand = in_mind(parties)
    return stand, full, stand.open(full, **settings)


def recorded(tagger: Any, until_ps: int) -> tuple[list[Any], int, list[Any]]:
    """Chunks up to a time, their number of tags, their gaps other than of a restart."""
    chunks = [tagger.read(2.0)]
    while chunks[-1].stop_ps < until_ps:
        chunks.append(tagger.read(2.0))
    gaps = [gap for chunk in chunks for gap in chunk.gaps if gap.reason != "restart"]
    return chunks, sum(map(len, chunks)), gaps


def exhaust(tagger: Any) -> None:
    for _ in range(20):
        tagger.read(2.0)


def test_a_delay_within_its_patience_changes_nothing_but_the_time() -> None:
    stand, full, meter = stand_of("thorlabs-pm100d")
    stand.fault(full, "delay_s", 1.0)
    stand.fault(full, "split_s", 0.2)
    began_s = stand.now_s
    meter.wavelength_nm = 1310.0
    assert meter.wavelength_nm == 1310.0
    assert stand.now_s - began_s > 2.0


def test_bytes_dropped_from_a_stream_are_a_gap() -> None:
    stand, full, tagger = stand_of("s15-tdc1", threshold_v=1.0)
    stand.bench.bob.bias(0.0, (18.5,) * 4)  # clicks enough to find the loss: the bias makes them dark counts
    tagger.start()
    recorded(tagger, S // 2)
    stand.fault(full, "drop_bytes", 2)
    _, _, gaps = recorded(tagger, 2 * S)
    assert [gap.reason for gap in gaps] == ["dropped"]


def test_bytes_dropped_while_hardly_anything_comes_end_the_recording_by_name() -> None:
    stand, full, tagger = stand_of("s15-tdc1", threshold_v=1.0)
    tagger.start()
    recorded(tagger, S // 2)
    stand.fault(full, "drop_bytes", 2)
    with pytest.raises(DataLost, match=f"^{full}: bytes were lost"):
        recorded(tagger, 10 * S)


@pytest.mark.parametrize("driver", ["thorlabs-itc4000", "toptica-dlcpro", "koheron-ctl200"])
def test_an_open_interlock_switches_the_laser_off_and_is_told(driver: str) -> None:
    settings = {"interlock_used": True} if driver == "koheron-ctl200" else {}
    stand, full, laser = stand_of(driver, current_ma=20.0, emitting=True, **settings)
    assert laser.emitting
    stand.fault(full, "interlock_open", True)
    assert laser.emitting is False
    assert any("interlock" in finding.what for finding in laser.self_test() if not finding.good)
    with pytest.raises(InstrumentError, match=f"^{full}: "):
        laser.emitting = True
    stand.fault(full, "interlock_open", False)
    laser.emitting = True
    assert laser.emitting


def test_broadcasts_pass_for_no_answer() -> None:
    for driver, name, value in (
        ("single-quantum-eos", "measurement_period_ms", 50.0),
        ("thorlabs-mpc320", "positions", (0.25, 0.5, 0.75)),
    ):
        stand, full, instrument = stand_of(driver)
        stand.fault(full, "broadcasts_hz", 200.0)
        stand.wait(1.0)
        setattr(instrument, name, value)
        assert getattr(instrument, name) == pytest.approx(value, abs=0.005)


def test_a_latched_nanowire_counts_nothing_until_its_bias_was_taken_away() -> None:
    stand, full, detectors = stand_of("single-quantum-eos", bias_current_ua=[15.0] * 4, enabled=True)
    stand.fault(full, "latch", 3)
    (finding,) = detectors.self_test()
    assert finding.what == "detector 3 counts nothing, not even in the dark"
    detectors.bias_current_ua = (15.0, 15.0, 0.0, 15.0)
    detectors.bias_current_ua = (15.0,) * 4
    assert all(finding.good for finding in detectors.self_test())


def test_a_lost_reference_is_found() -> None:
    stand, full, tagger = stand_of("s15-tdc1", clock="automatic")
    assert all(finding.good for finding in tagger.self_test())
    stand.fault(full, "reference_lost", True)
    assert any("no external 10 MHz reference" in finding.what for finding in tagger.self_test())


def test_a_lost_reference_changes_the_distance_of_clicks() -> None:
    def clicks(lost: bool) -> list[int]:
        stand, full, tagger = stand_of("s15-tdc1", threshold_v=1.0)
        tagger.start()
        stand.fault(full, "reference_lost", lost)
        chunks, _, _ = recorded(tagger, 3 * S)
        return [int(time) for chunk in chunks for time in chunk.time_ps]

    with_it, without = clicks(False), clicks(True)
    spans = [times[1000] - times[0] for times in (with_it, without)]
    assert spans[1] / spans[0] - 1 == pytest.approx(23e-6, abs=1e-7)


def test_the_id900_tells_of_a_lost_reference_if_it_was_asked_for() -> None:
    for clock, good in (("internal", True), ("external", False)):
        stand, full, tagger = stand_of("idq-id900", clock=clock)
        stand.fault(full, "reference_lost", True)
        assert all(finding.good for finding in tagger.self_test()) is good


def test_an_old_firmware_is_found() -> None:
    stand, full, tagger = stand_of("idq-id900")
    assert all(finding.good for finding in tagger.self_test())
    stand.fault(full, "old_firmware", True)
    assert [finding.remedy for finding in tagger.self_test() if not finding.good] == ["update its firmware"]
    with pytest.raises(InstrumentError, match="SCPI_ERR_INVALID_CMD"):
        tagger.start()
    stand.fault(full, "old_firmware", False)


def test_an_overflow_is_a_gap_with_the_number_of_tags_that_it_cost() -> None:
    stand, full, tagger = stand_of("idq-id900", threshold_v=1.0)
    tagger.start()
    recorded(tagger, S // 2)
    stand.fault(full, "overflow_share", 0.5)
    _, kept, gaps = recorded(tagger, S * 3 // 2)
    assert gaps
    assert all(gap.reason == "overflow" for gap in gaps)
    assert sum(gap.lost or 0 for gap in gaps) == pytest.approx(kept, abs=len(gaps) * 4)
    stand.fault(full, "overflow_share", 0.0)
    recorded(tagger, 2 * S)
    assert recorded(tagger, 3 * S)[2] == []


def go_on(stand: MemoryStand, full: str, duration_s: float) -> None:
    """Let a recording run while nobody reads it."""
    assert stand.models is not None
    service = stand.models.ports[f"{full}/dlt"].connect(stand.now_s)
    for _ in range(round(duration_s / 0.001)):
        stand.wait(0.001)
        service.feed(b"list", stand.now_s)


def test_what_is_lost_while_nobody_reads_is_a_gap_where_it_was_lost() -> None:
    stand, full, tagger = stand_of("idq-id900", threshold_v=1.0)
    tagger.start()
    go_on(stand, full, 0.5)
    stand.fault(full, "overflow_share", 0.5)
    go_on(stand, full, 0.4)
    stand.fault(full, "overflow_share", 0.0)
    chunks, _, gaps = recorded(tagger, 2 * S)
    few = [chunk for chunk in chunks if len(chunk) < 120]  # of 160
    assert [chunk.start_ps // (S // 5) for chunk in few] == [2, 3]
    assert all([gap.reason for gap in chunk.gaps] == ["overflow"] for chunk in few)
    assert sum(gap.lost or 0 for gap in gaps) == pytest.approx(160, rel=0.3)
    assert [gap.reason for gap in chunks[-1].gaps] == ["restart"]


def test_a_recording_whose_stream_failed_is_ended_with_the_rest() -> None:
    stand, full, tagger = stand_of("idq-id900", threshold_v=1.0)
    tagger.start()
    stand.fault(full, "dlt_stall", True)
    with pytest.raises(NoAnswer):
        exhaust(tagger)
    assert stand.say(full, "REC:STAG?") == "PLAYING"
    tagger.close()
    assert stand.say(full, "REC:STAG?") == "IDLE"


def test_a_laser_that_shines_uncooled_is_told() -> None:
    _, _, laser = stand_of("koheron-ctl200", current_ma=20.0, emitting=True, interlock_used=True)
    assert [each.what for each in laser.self_test() if not each.good] == ["its temperature is not controlled"]
    laser.cooler_on = True
    assert all(each.good for each in laser.self_test())


def test_a_stalled_service_is_told_and_the_next_recording_is_whole() -> None:
    stand, full, tagger = stand_of("idq-id900", threshold_v=1.0)
    tagger.start()
    recorded(tagger, S // 2)
    stand.fault(full, "dlt_stall", True)
    with pytest.raises(NoAnswer, match=f"^{full}: the stream of tags has stopped"):
        exhaust(tagger)
    stand.fault(full, "dlt_stall", False)
    tagger.start()
    chunks, tags, gaps = recorded(tagger, S)
    assert chunks[0].start_ps == 0
    assert tags == pytest.approx(800, rel=0.3)
    assert gaps == []


def test_after_a_power_cut_it_is_as_new_and_its_driver_finds_it_again() -> None:
    stand, full, laser = stand_of("koheron-ctl200", current_ma=20.0, emitting=True)
    stand.fault(full, "reboot_s", 1.5)
    with pytest.raises(NoAnswer):
        _ = laser.emitting
    stand.wait(3.0)
    assert laser.emitting is False
    assert laser.current_ma == 0.0


@pytest.mark.parametrize("driver", ["s15-tdc1", "idq-id900"])
def test_a_power_cut_in_a_recording_ends_it_and_another_can_be_had(driver: str) -> None:
    stand, full, tagger = stand_of(driver, threshold_v=1.0)
    tagger.start()
    recorded(tagger, S // 4)
    stand.fault(full, "reboot_s", 0.5)
    with pytest.raises(NoAnswer, match=f"^{full}: "):
        exhaust(tagger)
    tagger.threshold_v = 1.0
    tagger.start()
    assert recorded(tagger, S)[1] == pytest.approx(800, rel=0.3)


def test_over_sockets_a_power_cut_breaks_the_line_and_the_driver_comes_back() -> None:
    parties, full = one_of("thorlabs-itc4000")
    with on_rack(parties) as stand, stand.open(full, current_ma=20.0, emitting=True) as laser:
        stand.fault(full, "reboot_s", 0.0)
        assert laser.emitting is False  # type: ignore[attr-defined]


def test_several_faults_at_once_are_all_in_the_snapshot() -> None:
    parties, full = one_of("idq-id900")
    stand = in_mind(parties)
    stand.fault(full, "overflow_share", 0.25)
    stand.fault(full, "delay_s", 0.1)
    assert stand.shelf.snapshot()["faults"] == {full: {"delay_s": 0.1, "overflow_share": 0.25}}
    assert set(stand.shelf.faults(full)) == {
        "mute", "delay_s", "split_s", "drop_bytes", "reboot_s", "reference_lost", "overflow_share", "dlt_stall",
        "old_firmware",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "value", "error"),
    [
        ("flood", True, UnknownName),
        ("mute", 1.0, LimitError),
        ("delay_s", -1.0, LimitError),
        ("overflow_share", 1.5, LimitError),
        ("reference_lost", 0.5, LimitError),
    ],
)
def test_what_makes_no_sense_is_refused(fault: str, value: float | bool, error: type[Exception]) -> None:
    parties, full = one_of("idq-id900")
    with pytest.raises(error):
        in_mind(parties).fault(full, fault, value)
