"""Eve on the bench: what each attack does to the clicks, and what she knows afterwards."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import numpy as np
import pytest

from drivers.configuration import InstrumentConfig
from drivers.emulation.bench import bb84 as bench
from drivers.emulation.bench.eavesdropping import BLIND, INTERCEPT, NONE, SHIFT, SPLIT
from drivers.emulation.bench.live_bb84 import LiveBb84Bench
from drivers.emulation.bench.live_parameters import DecoyAlice, LiveBb84Scene
from drivers.emulation.bench.parameters import Detector, Eve
from drivers.emulation.bench.scenes import Bb84Scene
from drivers.emulation.bench.way import Encoding
from drivers.errors import LimitError
from drivers.roles import Pattern
from tests.drivers.stands import in_mind
from tests.emulation.scenes import QUIET, bb84, binomial, poissonian, receiver
from tests.emulation.test_bb84 import SEED, clicks_by_slot, theory

SLOTS = np.arange(400_000)
PATTERN = Pattern(
    slot_hz=1e7,
    levels=(1.0, 0.25, 0.001),
    probabilities=(0.6, 0.3, 0.1),
    key_basis_probability=0.8,
)
ATTACKS = ("intercept_resend", "photon_number_splitting", "blinding", "time_shift")


def watched(**changes: object) -> tuple[Bb84Scene, np.ndarray, np.ndarray, bench.WatchedLight]:
    scene = bb84(**changes)
    return scene, *clicks_by_slot(scene), bench.WatchedLight(scene, SEED)


def sifted(sent: np.ndarray, clicked: np.ndarray, test: int) -> tuple[np.ndarray, np.ndarray]:
    """Slots of a basis with one click in it and none elsewhere, and which of them are wrong."""
    mine = clicked[:, 2:] if test else clicked[:, :2]
    slots = np.flatnonzero((mine.sum(axis=1) == 1) & (clicked.sum(axis=1) == 1) & ((sent & 1) == test))
    return slots, mine[slots, 1] != (sent[slots] >> 1 & 1)


def test_an_eve_who_does_nothing_changes_nothing() -> None:
    scene, sent, clicked, _ = watched(eve=Eve())
    for state in range(12):
        of_state = clicked[sent == state]
        for detector in range(4):
            assert binomial(int(of_state[:, detector].sum()), len(of_state), theory(scene, state, detector))


def test_photon_numbers_are_poissonian() -> None:
    scene, sent, _, light = watched(eve=Eve())
    photons = light.eavesdropper.photons(SLOTS, scene.source.intensities)
    for intensity, mu in enumerate(scene.source.intensities):
        own = photons[sent >> 2 == intensity]
        for number, chance in enumerate((exp(-mu), mu * exp(-mu), mu**2 / 2 * exp(-mu))):
            assert binomial(int((own == number).sum()), len(own), chance)


@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("attack", ATTACKS)
def test_she_attacks_as_many_pulses_as_she_is_told(attack: str, strength: float) -> None:
    _, _, _, light = watched(eve=Eve(**{attack: strength}))
    what = light.eavesdropper.attack(np.arange(40_000_000, step=97))
    kind = (INTERCEPT, SPLIT, BLIND, SHIFT)[ATTACKS.index(attack)]
    # Blinding goes by stretches of 4096 slots: 42 of these slots share a fate.
    assert abs(np.mean(what == kind) - strength) < (0.03 if attack == "blinding" else 0.005)
    assert np.isin(what, (kind, NONE)).all()


def test_all_attacks_at_once_share_the_pulses() -> None:
    eve = Eve(intercept_resend=0.2, photon_number_splitting=0.3, blinding=0.1, time_shift=0.4)
    _, _, _, light = watched(eve=eve)
    what = light.eavesdropper.attack(np.arange(40_000_000, step=97))
    shares = [np.mean(what == kind) for kind in (INTERCEPT, SPLIT, BLIND, SHIFT, NONE)]
    assert shares == pytest.approx([0.2, 0.3, 0.1, 0.4, 0.0], abs=0.03)
    with pytest.raises(ValueError, match="no more pulses"):
        Eve(intercept_resend=0.6, blinding=0.5)


@pytest.mark.parametrize("strength", [0.25, 1.0])
def test_intercept_resend_makes_errors_and_leaves_counts(strength: float) -> None:
    scene, sent, clicked, light = watched(eve=Eve(intercept_resend=strength))
    bright = replace(scene, misalignment_error=0.0, eve=Eve())
    _, honest = clicks_by_slot(bright)
    assert poissonian(int(clicked.sum()), float(honest.sum()))
    key_share = scene.bob.key_basis_probability
    for test, agree in ((0, key_share), (1, 1 - key_share)):
        slots, wrong = sifted(sent, clicked, test)
        own = scene.misalignment_error
        expected = own * (1 - strength) + strength * (agree * own + (1 - agree) * 0.5)
        assert binomial(int(wrong.sum()), len(slots), expected)
        # What she says she knows is what Alice sent.
        basis, bit = light.eavesdropper.measured(slots)
        known = light.eavesdropper.known_bits(slots, scene.source.intensities)
        assert binomial(int(known.sum()), len(slots), strength * agree)
        assert (bit[known == 1] == (sent[slots[known == 1]] >> 1 & 1)).all()
        assert ((basis == test)[known == 1]).all()


def test_photon_number_splitting_spares_the_signal_and_starves_the_decoy() -> None:
    scene, sent, clicked, light = watched(eve=Eve(photon_number_splitting=1.0), channel_loss_db=5.0)
    honest_sent, honest = clicks_by_slot(replace(scene, eve=Eve()))
    assert (sent == honest_sent).all()
    rates = [
        [c[sent >> 2 == intensity].any(axis=1).mean() for intensity in (0, 1)] for c in (clicked, honest)
    ]
    assert rates[0][0] == pytest.approx(rates[1][0], rel=0.08)
    assert rates[0][1] < 0.75 * rates[1][1]
    slots, wrong = sifted(sent, clicked, 0)
    assert binomial(int(wrong.sum()), len(slots), scene.misalignment_error)
    several = light.eavesdropper.photons(slots, scene.source.intensities) > 1
    known = light.eavesdropper.known_bits(slots, scene.source.intensities)
    assert (known == several).all()
    assert 0.3 < several.mean() < 1


def test_far_away_single_photons_need_not_be_sent_at_all() -> None:
    scene, sent, clicked, light = watched(eve=Eve(photon_number_splitting=1.0), channel_loss_db=9.0)
    slots, _ = sifted(sent, clicked, 0)
    assert (light.eavesdropper.known_bits(slots, scene.source.intensities) == 1).all()
    honest = clicks_by_slot(replace(scene, eve=Eve()))[1]
    bright = sent >> 2 == 0
    assert clicked[bright].any(axis=1).mean() == pytest.approx(honest[bright].any(axis=1).mean(), rel=0.05)


@pytest.mark.parametrize("choice", ["passive", "active"])
def test_blinded_detectors_click_as_she_likes(choice: str) -> None:
    noisy = replace(receiver(QUIET, key=0.7), basis_choice=choice)
    scene, sent, clicked, light = watched(eve=Eve(blinding=1.0), bob=noisy, misalignment_error=0.0)
    for test in (0, 1):
        slots, wrong = sifted(sent, clicked, test)
        assert len(slots) > 1000
        assert not wrong.any()
        assert (light.eavesdropper.known_bits(slots, scene.source.intensities) == 1).all()
    honest = clicks_by_slot(replace(scene, eve=Eve()))[1]
    bright = sent >> 2 == 0
    assert clicked[bright].any(axis=1).mean() == pytest.approx(honest[bright].any(axis=1).mean(), rel=0.1)
    assert (clicked.sum(axis=1) <= 1).all()


def test_blinded_detectors_have_no_dark_counts() -> None:
    dark = Detector(efficiency=0.6, dark_count_rate_hz=2e6, jitter_rms_ps=0, dead_time_ps=0)
    scene = bb84(eve=Eve(blinding=0.5), bob=receiver(dark), channel_loss_db=90.0, n_slots=200_000)
    # In the dark all clicks are dark counts or her doing; those are on the slots' centres.
    times, _ = _tags(scene)
    slot = np.rint(times / 10_000).astype(int)
    off = np.abs(times - slot * 10_000) > 100
    blinded = bench.WatchedLight(scene, SEED).eavesdropper.blinded(slot)
    assert not (off & blinded).any()
    assert off.sum() > 1000


def test_time_shifts_show_in_the_arrivals_and_favour_a_bit() -> None:
    detector = replace(QUIET, jitter_rms_ps=0.0)
    scene, sent, clicked, light = watched(
        eve=Eve(time_shift=1.0, shift_ps=300, shift_contrast=1.0), bob=receiver(detector, key=0.7)
    )
    times, channel = _tags(scene)
    late = times - np.rint(times / 10_000).astype(int) * 10_000
    assert set(np.unique(late)) == {-300, 300}
    # With a contrast of 1 the detectors of one bit see nothing: she knows all.
    assert ((late > 0) == (channel % 2 == 1)).all()
    slots, _ = sifted(sent, clicked, 0)
    assert light.eavesdropper.known_bits(slots, scene.source.intensities) == pytest.approx(1.0)


def test_half_a_contrast_is_a_guess() -> None:
    _, sent, clicked, light = watched(eve=Eve(time_shift=1.0, shift_contrast=0.5))
    slots, _ = sifted(sent, clicked, 0)
    known = light.eavesdropper.known_bits(slots, (0.6, 0.15, 0.001))
    # Two to one: 1 - h(1/3).
    assert known == pytest.approx(0.0817042, abs=1e-6)


def test_any_chunking_gives_the_same_clicks() -> None:
    scene = bb84(eve=Eve(intercept_resend=0.5, blinding=0.3), n_slots=50_000)
    first, second = _tags(scene), _tags(scene)
    assert (first[0] == second[0]).all()
    assert (first[1] == second[1]).all()


def _tags(scene: Bb84Scene) -> tuple[np.ndarray, np.ndarray]:
    from tests.emulation.scenes import tags

    return tags(bench.detected_tags(scene, SEED))


def live(strengths: dict[str, float]) -> LiveBb84Bench:
    scene = LiveBb84Scene(
        alice=DecoyAlice(nominal_mean=0.6),
        channel_loss_db=2.0,
        misalignment_error=0.0,
        bob=receiver(QUIET, key=0.7),
    )
    table = LiveBb84Bench(scene, SEED)
    for attack, value in strengths.items():
        table.knobs[f"eve.{attack}"].turn(0.0, value)
    table.alice.modulators.begin(0.0, PATTERN)
    return table


@pytest.mark.parametrize(
    ("strengths", "error_rate"), [({}, 0.0), ({"intercept_resend": 1.0}, 0.15), ({"blinding": 1.0}, 0.0)]
)
def test_the_live_bench_has_her_behind_knobs(strengths: dict[str, float], error_rate: float) -> None:
    table = live(strengths)
    table.bob.begin(0.0)
    clicks = table.bob.clicks(0.12)
    run = table.alice.modulators.runs[0]
    slot = np.rint((clicks.time_ps - run.start_ps) / 1e5).astype(np.int64)
    states = run.states.at(np.maximum(slot, 0))
    in_key = (clicks.input < 2) & ((states & 1) == 0)
    wrong = (clicks.input & 1) != (states >> 1 & 1)
    assert in_key.sum() > 20_000
    assert wrong[in_key].mean() == pytest.approx(error_rate, abs=0.01)
    for attack in ATTACKS:
        assert table.knobs[f"eve.{attack}"].read() == strengths.get(attack, 0.0)


def test_on_the_bench_as_in_recordings_she_knows_no_time_bins() -> None:
    scene = LiveBb84Scene(
        alice=DecoyAlice(nominal_mean=0.6),
        channel_loss_db=2.0,
        misalignment_error=0.0,
        bob=receiver(QUIET, key=0.7),
        encoding=Encoding(kind="time-bin", bin_ps=2_000),
    )
    assert not [name for name in LiveBb84Bench(scene, SEED).knobs if name.startswith("eve.")]


def test_more_than_all_pulses_cannot_be_attacked() -> None:
    table = live({"intercept_resend": 0.7})
    with pytest.raises(LimitError, match=r"eve\.blinding.*no more pulses"):
        table.knobs["eve.blinding"].turn(0.0, 0.4)
    with pytest.raises(LimitError, match="from 0 to 1"):
        table.knobs["eve.blinding"].check("eve.blinding", 1.5)


@pytest.mark.parametrize("strength", [0.0, 0.25, 1.0])
def test_blinding_light_makes_the_nanowires_draw_voltage(strength: float) -> None:
    """10 kohm cold, 40 more while they are hot: whoever looks at the bias voltage sees her."""
    table = live({"blinding": strength})
    assert table.bob.resistances_kohm(0.5) == pytest.approx((10 + 40 * strength,) * 4)
    table.bob.latch(0.5, 2)
    assert table.bob.resistances_kohm(1.0)[2] == 50


def test_the_detectors_own_driver_sees_the_blinding() -> None:
    bob = {
        "detectors": InstrumentConfig(driver="single-quantum-eos", settings={"bias_current_ua": [15.0] * 4})
    }
    stand = in_mind({"bob": bob})
    with stand.open("bob.detectors", enabled=True) as detectors:
        for strength, expected_mv in ((0.0, 150.0), (0.5, 450.0), (0.0, 150.0)):
            stand.set("eve.blinding", strength)
            stand.wait(0.1)
            assert detectors.bias_voltage_mv == pytest.approx((expected_mv,) * 4)  # type: ignore[attr-defined]
