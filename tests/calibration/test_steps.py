"""Every step on a bench whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from drivers.attenuators.hp_8156a import Hp8156A
from drivers.emulation.bench.polarisation import mean_error
from drivers.parameters import finite
from qkdctl.calibration.record import Calibration
from qkdctl.calibration.run import chosen, put_back, take, undone
from qkdctl.calibration.stand import Light, Stand
from qkdctl.calibration.steps import check, delays, polarisation
from qkdctl.config.load import load_scenario

#: The bench when threshold, bias and attenuation have been put right.
MENDED = {
    "bob.tagger": {"threshold_v": 1.0},
    "bob.detectors": {"bias_current_ua": [15.0] * 4},
    "alice.attenuator": {"attenuation_db": 39.5},
}


def calibrate(table, *names):
    return list(take(table.stand, chosen(table.scenario, names), lambda text: None))


def now(table):
    return 10**9  # a block of bench time that everything set has come into effect by


@pytest.fixture(scope="module")
def everything(misaligned):
    """A table that was misaligned, what was found, and the results."""
    from tests.calibration.conftest import Table

    table = Table(load_scenario(misaligned), seed=3)
    table.told = []
    with pytest.MonkeyPatch.context() as patch:
        # A tenth of the clicks: what is found is rougher, and tested as such.
        patch.setattr(polarisation, "ENOUGH", 4000)
        patch.setattr(polarisation, "SURE", 20_000)
        patch.setattr(delays, "ENOUGH", 40_000)
        patch.setattr(check, "ENOUGH", 20_000)
        table.stand.tell = lambda text: table.told.append((table.step, text))
        steps = chosen(table.scenario, ())
        results = {
            result.step: result for result in take(table.stand, steps, lambda text: begin(table, text))
        }
    yield table, results
    table.stand.close()


def begin(table, text):
    table.step = text.partition(":")[0]


def test_every_step_says_how_far_it_has_come(everything):
    table, results = everything
    assert {step for step, _ in table.told} == set(results)
    thresholds = [text for step, text in table.told if step == "bob-threshold"]
    assert thresholds[0] == f"threshold 1 of {len(thresholds)}"


def test_all_steps_are_taken_in_order_and_are_good(everything):
    _, results = everything
    assert list(results) == [
        "bob-threshold", "bob-bias", "mean-photon-number", "bob-dead-time", "delays", "polarisation", "check",
    ]  # fmt: skip
    assert [result.verdict for result in results.values() if not result.good] == []
    assert all(result.instruments for result in results.values())
    assert all(result.pictures for name, result in results.items() if name != "check")


def test_the_threshold_is_far_from_noise_and_from_the_pulses(everything):
    _, results = everything
    assert results["bob-threshold"].figures["threshold_v"] == pytest.approx(1.0, abs=0.15)
    (change,) = results["bob-threshold"].changes
    assert (change.place, change.name, change.before) == ("bob.tagger", "threshold_v", 1.95)


def test_bias_is_where_wires_are_saturated_and_dark_counts_few(everything):
    table, results = everything
    (change,) = results["bob-bias"].changes
    nanowire = table.bench._scene.nanowire if hasattr(table.bench, "_scene") else None
    for bias_ua, detector in zip(change.after, table.scenario.emulation.bob.detectors, strict=True):
        efficiency, dark_hz = nanowire.biased(detector, bias_ua)
        assert efficiency > 0.97 * detector.efficiency
        assert dark_hz < 10 * detector.dark_count_rate_hz


def test_the_attenuator_gives_the_agreed_mean_photon_number(everything):
    table, results = everything
    # 26 of 30 mA above the laser's threshold, where 40 dB are nominal.
    expected_db = 40 + 10 * np.log10(26 / 30)
    (change,) = results["mean-photon-number"].changes
    assert change.after == pytest.approx(expected_db, abs=0.03)
    assert results["mean-photon-number"].figures["mean"] <= table.scenario.parameters.intensities[0].mean


def test_the_hold_off_covers_the_dead_time_and_no_more_than_is_seen(everything):
    _, results = everything
    (change,) = results["bob-dead-time"].changes
    assert change.before == 20_000
    assert 30_000 < change.after < 120_000


def test_delays_are_those_of_the_cables(everything):
    table, results = everything
    delays, gate = results["delays"].changes
    true = np.array([each.delay_ps for each in table.scenario.emulation.bob.detectors])
    assert np.array(delays.after) - min(delays.after) == pytest.approx(true - true.min(), abs=200)
    assert 2000 <= gate.after <= 6000  # the tagger's ticks are 2 ns


def test_the_controller_undoes_what_the_fibre_does(everything):
    table, results = everything
    turn = table.bench._turn(now(table))
    assert mean_error(0.01, table.bench._fibre) > 0.3
    assert mean_error(0.01, turn) < 0.018
    assert results["polarisation"].figures["qber_test_before"] > 0.3


def test_the_check_sees_a_good_link(everything):
    _, results = everything
    figures = results["check"].figures
    assert figures["qber_key"] < 0.025
    assert figures["qber_test"] < 0.025
    assert figures["delay_off_ps"] < 400


def test_what_was_set_can_be_put_back(everything):
    table, results = everything
    calibration = Calibration(scenario="bench", results=list(results.values()))
    left, taken = undone(calibration, ("bob-threshold", "polarisation"))
    assert [result.step for result in taken] == ["polarisation", "bob-threshold"]
    assert {result.step for result in left.results} == set(results) - {"polarisation", "bob-threshold"}
    put_back(table.stand, taken)
    assert table.stand.get("bob.tagger", "threshold_v") == 1.95
    assert table.stand.get("bob.polarisation", "positions") == [0.5] * 4


def test_without_light_every_step_says_so_and_leaves_everything_as_it_was(table):
    dark = table(channel_loss_db=200.0)
    before = dark.stand.get("bob.detectors", "bias_current_ua")
    for name in ("bob-bias", "bob-dead-time", "delays", "polarisation", "check"):
        (result,) = calibrate(dark, name)
        assert not result.good, result
        assert result.advice
        assert result.changes == []
    assert dark.stand.get("bob.detectors", "bias_current_ua") == before


def bob_with(path, **changes):
    """Bob's receiver, with something different about its detectors."""
    bob = load_scenario(path).emulation.bob
    return replace(bob, detectors=tuple(replace(each, **changes) for each in bob.detectors))


def test_an_echo_is_not_taken_for_the_end_of_the_dead_time(table, misaligned):
    """It comes as often as light does, so that nothing but its place in the slots tells them apart."""
    bob = bob_with(misaligned, echo_probability=0.02)
    (result,) = calibrate(table(settings=MENDED, bob=bob), "bob-dead-time")
    assert result.good, result
    assert result.figures["hold_off_ps"] >= bob.detectors[0].dead_time_ps


def test_a_dead_time_beyond_the_usual_is_found_all_the_same(table, misaligned):
    bob = bob_with(misaligned, dead_time_ps=450_000)
    (result,) = calibrate(table(settings=MENDED, bob=bob), "bob-dead-time")
    assert result.good, result
    assert 450_000 <= result.figures["hold_off_ps"] <= 520_000


def test_a_weak_laser_is_named(table):
    weak = table(settings={"alice.laser": {"current_ma": 10.001}})
    (result,) = calibrate(weak, "mean-photon-number")
    assert not result.good
    assert result.changes == []
    assert weak.stand.get("alice.attenuator", "attenuation_db") == 44.0


def test_without_counts_nothing_is_said_of_what_the_attenuator_says(table):
    cut = table(settings=MENDED)
    cut.shelf.turn("channel.cut", True, 0.0)
    (result,) = calibrate(cut, "mean-photon-number")
    assert result.good, result
    assert "attenuator_off_db" not in result.figures
    assert result.verdict.endswith("Bob's counts are too few to check the attenuator by")


def test_an_attenuator_that_closes_where_it_should_dim_is_named(table, monkeypatch):
    counts = iter([100.0, 1e5, *[100.0] * 4])
    monkeypatch.setattr(Light, "count_rates_hz", lambda light, tagger, seconds: np.array([next(counts)]))
    made = table(settings=MENDED)
    (result,) = calibrate(made, "mean-photon-number")
    assert not result.good
    assert result.figures["attenuator_off_db"] > 20
    assert made.stand.get("alice.attenuator", "attenuation_db") == 39.5


def test_an_attenuator_that_reads_less_than_it_was_set_to_is_set_to_more(table, monkeypatch):
    monkeypatch.setattr(Hp8156A.attenuation_db, "_parse", lambda text: finite(text) - 0.015)
    made = table(settings=MENDED)
    (result,) = calibrate(made, "mean-photon-number")
    assert result.good, result
    (change,) = result.changes
    reads_db = made.stand.get("alice.attenuator", "attenuation_db")
    assert result.figures["attenuation_db"] == reads_db == pytest.approx(change.after - 0.015)
    assert change.before == pytest.approx(39.5 - 0.015)
    target = made.scenario.parameters.intensities[0].mean
    assert 0.995 * target <= result.figures["mean"] <= target


def test_an_instrument_that_fails_is_named(table):
    mute = table()
    mute.models.clock.now_s += 1
    mute.stand._rigs["bob"].instruments["tagger"].hang_up()
    mute.stand.need("bob.tagger", object)._connect = _refuse
    (result,) = calibrate(mute, "bob-threshold")
    assert not result.good
    assert "bob.tagger" in result.verdict


def _refuse(port):
    from drivers.errors import ConnectionFailed

    raise ConnectionFailed("nobody answers")


class SlowTime:
    """Of a bench on which a second lasts twenty."""

    def lasts_s(self, seconds):
        return 20 * seconds


def test_no_count_lasts_longer_than_a_driver_waits(table, monkeypatch):
    made, asked = table(), []

    class Tagger:
        def count_rates_hz(self, seconds):
            asked.append(seconds)
            return (1.0, 3.0)

    light = Stand(made.scenario, made.rigs, SlowTime()).light()
    monkeypatch.setattr(light, "drain", lambda: None)
    assert light.count_rates_hz(Tagger(), 0.3).tolist() == [1.0, 3.0]
    assert sum(asked) == pytest.approx(0.3)
    assert max(asked) <= 1.0 / 20
