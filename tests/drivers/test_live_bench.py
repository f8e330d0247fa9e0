"""The live bench as its instruments see it: what one driver does to the light, another one counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest

from drivers.configuration import InstrumentConfig
from drivers.emulation.bench.polarisation import mean_error
from drivers.emulation.bench.timeline import BLOCK_PS
from drivers.errors import DataLost, NoAnswer
from drivers.roles import Pattern
from tests.drivers.stands import DETECTOR, SCENE, MemoryStand, Stand, in_mind, on_rack, whole_link
from tests.emulation.scenes import SIGMAS

PATTERN = Pattern(
    slot_hz=50e6, levels=(1.0, 0.3, 0.001), probabilities=(0.5, 0.3, 0.2), key_basis_probability=0.7
)
S = 10**12


class Link:
    """A link that is running."""

    def __init__(self, stand: Stand, stack: ExitStack) -> None:
        self.stand = stand
        self.instruments: dict[str, Any] = {
            name: stack.enter_context(stand.open(f"{party}.{name}"))
            for party, named in stand.parties.items()
            for name in named
        }
        self.tagger, self.transmitter = self.instruments["tagger"], self.instruments["transmitter"]
        self.tagger.start()
        self.transmitter.configure(PATTERN)
        self.transmitter.start()
        self.now_ps = 0

    def click_rate_hz(self, duration_ps: int, settling_ps: int = 0) -> float:
        """Clicks a second from now on, after what was changed has taken effect."""
        self.now_ps = self.read_until(self.now_ps + settling_ps)[0]
        began_ps = self.now_ps
        self.now_ps, clicks = self.read_until(began_ps + duration_ps)
        return clicks * S / (self.now_ps - began_ps)

    def read_until(self, until_ps: int) -> tuple[int, int]:
        clicks, stop_ps = 0, self.now_ps
        while stop_ps < until_ps:
            chunk = self.tagger.read(60.0)
            clicks, stop_ps = clicks + len(chunk), chunk.stop_ps
        return stop_ps, clicks


@pytest.fixture
def link() -> Iterator[Link]:
    with ExitStack() as stack:
        yield Link(in_mind(whole_link()), stack)


SETTLING_PS = 5 * BLOCK_PS
DARK_HZ = 4 * DETECTOR.dark_count_rate_hz


def test_theory_gives_the_click_rate(link: Link) -> None:
    """Mean photon number times transmission times efficiency, less dead time, plus dark counts."""
    rate = link.click_rate_hz(S, SETTLING_PS)
    mean = 0.5 * np.array(PATTERN.levels) * 10 ** (-SCENE.channel_loss_db / 10) * DETECTOR.efficiency
    light = PATTERN.slot_hz * float(np.dot(PATTERN.probabilities, mean))
    each = light / 4 + DETECTOR.dark_count_rate_hz
    dead_s = DETECTOR.dead_time_ps / S
    assert rate == pytest.approx(light + DARK_HZ, rel=each * dead_s + SIGMAS / np.sqrt(rate) + 0.02)


@pytest.mark.parametrize(
    ("dim", "bright"),
    [
        (("laser", "emitting", False), ("laser", "emitting", True)),
        (("laser", "current_ma", 5.0), ("laser", "current_ma", 40.0)),
        (("attenuator", "shutter_open", False), ("attenuator", "shutter_open", True)),
        (("attenuator", "attenuation_db", 60.0), ("attenuator", "attenuation_db", 40.0)),
    ],
)
def test_what_a_driver_does_to_the_light_the_tagger_counts(
    link: Link, dim: tuple[str, str, Any], bright: tuple[str, str, Any]
) -> None:
    before = link.click_rate_hz(S // 4, SETTLING_PS)
    for wanted, expected in ((dim, DARK_HZ), (bright, before)):
        instrument, parameter, value = wanted
        setattr(link.instruments[instrument], parameter, value)
        found = link.click_rate_hz(S // 2, SETTLING_PS)
        light = (before - DARK_HZ) / 100 if value == 60.0 else 0.0
        assert found == pytest.approx(expected + light * (expected == DARK_HZ), rel=0.15)


def test_a_cut_fibre_leaves_the_dark_counts(link: Link) -> None:
    link.stand.set("channel.cut", True)
    assert link.click_rate_hz(S // 2, SETTLING_PS) == pytest.approx(DARK_HZ, rel=0.3)


def test_ten_more_decibels_leave_a_tenth(link: Link) -> None:
    before = link.click_rate_hz(S // 4, SETTLING_PS) - DARK_HZ
    link.stand.set("channel.loss_db", SCENE.channel_loss_db + 10)
    assert link.click_rate_hz(S // 2, SETTLING_PS) - DARK_HZ == pytest.approx(before / 10, rel=0.1)


def test_detectors_without_bias_see_nothing(link: Link) -> None:
    link.instruments["detectors"].enabled = False
    assert link.click_rate_hz(S // 2, SETTLING_PS) == 0


def test_a_latched_detector_is_found_and_comes_back_with_its_bias(link: Link) -> None:
    detectors = link.instruments["detectors"]
    link.stand.set("bob.detector2.latched", True)
    (finding,) = detectors.self_test()
    assert not finding.good
    assert finding.what == "detector 2 counts nothing, not even in the dark"
    detectors.bias_current_ua = (15.0, 0.0, 15.0, 15.0)
    detectors.bias_current_ua = (15.0,) * 4
    (finding,) = detectors.self_test()
    assert finding.good


def test_a_threshold_above_the_pulses_counts_nothing(link: Link) -> None:
    link.tagger.stop()
    link.tagger.threshold_v = 3.0
    assert link.tagger.count_rates_hz(0.2) == (0.0,) * 4


def test_counts_fall_slowly_as_the_threshold_passes_the_pulses_height(link: Link) -> None:
    link.tagger.stop()

    def rates(level_v: float) -> float:
        link.tagger.threshold_v = level_v
        return sum(link.tagger.count_rates_hz(0.5))

    whole = rates(1.0)
    assert rates(2.0) == pytest.approx(whole / 2, rel=0.05)
    assert rates(0.05) > whole + 2e5  # noise


@pytest.mark.parametrize(
    ("driver", "aside"), [("oz-epc", (0.5, 0.7, 0.5, 0.5)), ("thorlabs-mpc320", (0.0, 0.3, 0.0))]
)
def test_a_polarisation_controller_turns_the_light(driver: str, aside: tuple[float, ...]) -> None:
    parties = {"bob": {"thing": InstrumentConfig(driver=driver)}}
    stand = in_mind(parties)
    bench: Any = stand.bench
    with stand.open("bob.thing") as controller:
        found: Any = controller
        assert mean_error(0.0, bench.polarisation.turn(0)) == pytest.approx(0.0)
        found.positions = aside
        assert found.positions == pytest.approx(aside, abs=2e-3)
        assert mean_error(0.0, bench.polarisation.turn(10**6)) > 0.05


def test_the_monitor_sees_the_laser_and_not_the_attenuator(link: Link) -> None:
    meter = link.instruments["power_meter"]
    link.read_until(SETTLING_PS)
    before = meter.power_w
    link.instruments["attenuator"].shutter_open = False
    link.now_ps, _ = link.read_until(2 * SETTLING_PS)
    assert meter.power_w == pytest.approx(before, rel=0.02)
    link.instruments["laser"].emitting = False
    link.read_until(4 * SETTLING_PS)
    assert meter.power_w < before / 100


@pytest.mark.parametrize("name", ["tagger", "transmitter"])
def test_a_stream_that_stops_is_told_in_one_sentence(link: Link, name: str) -> None:
    instrument = link.instruments[name]
    instrument.read(2.0)
    link.stand.fault(instrument.name, "mute", True)
    with pytest.raises(NoAnswer, match=f"^{instrument.name}: the stream of (events|states) has stopped"):
        exhaust(instrument)
    link.stand.fault(instrument.name, "mute", False)


def exhaust(instrument: Any) -> None:
    for _ in range(1000):
        instrument.read(0.5)


def test_after_silence_a_tagger_records_again(link: Link) -> None:
    link.stand.fault("bob.tagger", "mute", True)
    with pytest.raises(NoAnswer):
        exhaust(link.tagger)
    link.stand.fault("bob.tagger", "mute", False)
    link.tagger.start()
    link.now_ps = 0
    assert link.click_rate_hz(S // 10) > 2 * DARK_HZ


def test_frames_that_the_transmitter_loses_are_told_and_counted(link: Link) -> None:
    chunk = link.transmitter.read(2.0)
    link.stand.fault("alice.transmitter", "drop_frames", 2)
    with pytest.raises(DataLost, match=rf"dropped the states of {2 * len(chunk)} slots from slot"):
        exhaust(link.transmitter)
    after = link.transmitter.read(2.0)
    assert after.first_slot % len(chunk) == 0
    assert [finding.what for finding in link.transmitter.self_test() if not finding.good] == [
        "it dropped 2 frames"
    ]


def test_lost_bytes_are_a_gap_and_the_recording_goes_on(link: Link) -> None:
    link.read_until(SETTLING_PS)
    link.stand.fault("bob.tagger", "drop_bytes", 6)
    gaps, stop_ps = [], 0
    while stop_ps < 3 * SETTLING_PS:
        chunk = link.tagger.read(60.0)
        gaps += chunk.gaps
        stop_ps = chunk.stop_ps
    (gap,) = gaps
    assert gap.reason == "dropped"
    assert gap.last_ps - gap.first_ps < BLOCK_PS


def test_any_pace_of_reading_gives_the_same_tags() -> None:
    def record(stand: MemoryStand, pause_s: float) -> tuple[np.ndarray, np.ndarray]:
        with ExitStack() as stack:
            link = Link(stand, stack)
            chunks = [link.tagger.read(60.0)]
            while chunks[-1].stop_ps < S // 2:
                stand.wait(pause_s)
                chunks.append(link.tagger.read(60.0))
        return np.concatenate([c.time_ps for c in chunks]), np.concatenate([c.channel for c in chunks])

    prompt, lazy = (record(in_mind(whole_link()), pause_s) for pause_s in (0.0, 0.13))
    n = min(len(prompt[0]), len(lazy[0]))
    assert n > 1000
    assert np.array_equal(prompt[0][:n], lazy[0][:n])
    assert np.array_equal(prompt[1][:n], lazy[1][:n])


def test_over_sockets_and_pseudo_terminals_the_light_goes_off_too() -> None:
    with on_rack(whole_link()) as stand, ExitStack() as stack:
        link = Link(stand, stack)
        before = link.click_rate_hz(S // 5, SETTLING_PS)
        link.instruments["laser"].emitting = False
        # On a busy machine what is read was recorded a while ago.
        rates = (link.click_rate_hz(S // 10) for _ in range(100))
        assert any(rate < before / 10 for rate in rates)
