import numpy as np
import pytest

from postproc.inspection import Inspect
from postproc.runner import run
from postproc.timetags.types import TagChunk
from postproc.types import Alarm, End
from tests.support.streams import receiver


def clicks(echo_share, delay_ps=16_400, channel=0, seed=1):
    """Random clicks of four detectors, one of which repeats some of its own."""
    rng = np.random.default_rng(seed)
    times, channels = rng.integers(0, 10**11, 40_000), rng.integers(0, 4, 40_000)
    again = (channels == channel) & (rng.random(40_000) < echo_share)
    times = np.concatenate([times, times[again] + delay_ps])
    channels = np.concatenate([channels, channels[again]])
    order = np.argsort(times, kind="stable")
    return times[order], channels[order].astype(np.uint8)


def inspect(times, channels, pieces=4, role="alice", **changes):
    cuts = np.linspace(0, len(times), pieces + 1).astype(int)
    edges = [0, *(int(times[cut]) for cut in cuts[1:-1]), int(times[-1]) + 1]
    chunks = [
        TagChunk(edges[i], edges[i + 1], times[cuts[i] : cuts[i + 1]], channels[cuts[i] : cuts[i + 1]])
        for i in range(pieces)
    ]
    out = list(run([Inspect(role, receiver(**changes))], ["first", *chunks]))
    assert out[: pieces + 1] == ["first", *chunks]
    assert isinstance(out[-1], End)
    return out[pieces + 1 : -1]


@pytest.mark.parametrize(("hold_off_ps", "severity"), [(40_000, "info"), (10_000, "warning")])
def test_an_echoing_detector_is_named_with_what_to_do(hold_off_ps, severity):
    (alarm,) = inspect(*clicks(0.4, channel=2), hold_off_ps=hold_off_ps)
    assert isinstance(alarm, Alarm)
    assert (alarm.name, alarm.severity) == ("detector-echo", severity)
    assert alarm.subject == "Alice's detector on channel 2"
    assert alarm.figures["delay_ns"] == pytest.approx(16.4, abs=0.1)
    assert alarm.figures["share"] == pytest.approx(0.4 / 1.4, abs=0.02)
    assert alarm.figures["hold_off_ns"] == hold_off_ps / 1000
    assert ("hold_off_ps above" in alarm.advice) == (severity == "warning")


def test_steady_detectors_are_not_spoken_of():
    assert inspect(*clicks(0.0), role="bob") == []


def test_channels_that_are_no_detector_are_none_of_its_business():
    times, channels = clicks(0.4)
    assert inspect(times, channels + np.uint8(10)) == []


def test_it_answers_nothing_at_the_end_but_passes_all_on():
    stage = Inspect("bob", receiver())
    assert [e.message for e in stage.feed("in", "anything")] == ["anything"]
    assert list(stage.finish()) == []


def steady(rates_hz, seconds=12.0, seed=1):
    """Random clicks of four detectors."""
    rng = np.random.default_rng(seed)
    parts = [rng.integers(0, round(seconds * 1e12), rng.poisson(rate * seconds)) for rate in rates_hz]
    times = np.concatenate(parts)
    channels = np.concatenate([np.full(len(part), channel) for channel, part in enumerate(parts)])
    order = np.argsort(times, kind="stable")
    return times[order], channels[order].astype(np.uint8)


def names(times, channels, **changes):
    return {alarm.name: alarm for alarm in inspect(times, channels, **changes)}


def test_a_detector_that_drops_for_a_while_is_named():
    times, channels = steady([3000] * 4)
    kept = ~(
        (channels == 3) & (times > 5 * 10**12) & (times < 7.5 * 10**12) & (np.arange(len(times)) % 10 > 0)
    )
    found = names(times[kept], channels[kept])
    assert found["detector-count-drop"].subject == "Alice's detector on channel 3"
    assert found["detector-count-drop"].figures["windows_s"] == 2
    assert found["detector-count-drop"].figures["worst_share"] == pytest.approx(0.13, abs=0.05)


def test_light_that_goes_for_all_detectors_alike_is_no_drop():
    times, channels = steady([3000] * 4)
    dim = (times > 5 * 10**12) & (times < 8 * 10**12)
    kept = ~dim | (np.arange(len(times)) % 10 == 0)
    assert names(times[kept], channels[kept]) == {}


@pytest.mark.parametrize(
    ("rates", "unequal"), [((3000, 2000, 3000, 3000), {"Z"}), ((3000, 2700, 900, 990), set())]
)
def test_unequal_detectors_of_a_basis_are_named(rates, unequal):
    found = names(*steady(rates))
    assert {alarm.subject[-1] for alarm in found.values()} == unequal
    if unequal:
        assert found["efficiency-mismatch"].figures["ratio"] == pytest.approx(1.5, abs=0.05)


def test_saturation_is_told():
    found = names(*steady([20_000] * 4, seconds=1.0), hold_off_ps=8_000_000)
    assert found["detector-saturation"].figures["lost_share"] == pytest.approx(0.64, abs=0.02)
    assert "detector-saturation" not in names(*steady([20_000] * 4, seconds=1.0))


def test_afterpulses_are_told():
    times, channels = steady([10_000] * 4, seconds=2.0)
    rng = np.random.default_rng(2)
    again = (channels == 1) & (rng.random(len(times)) < 0.25)
    times = np.concatenate(
        [times, times[again] + 20_000 + rng.exponential(25_000, again.sum()).astype(np.int64)]
    )
    channels = np.concatenate([channels, channels[again]])
    order = np.argsort(times, kind="stable")
    found = names(times[order], channels[order])
    assert found["detector-afterpulsing"].subject == "Alice's detector on channel 1"
    assert found["detector-afterpulsing"].figures["share"] == pytest.approx(0.19, abs=0.04)
