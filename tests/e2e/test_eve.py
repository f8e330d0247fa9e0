"""With Eve on the line: what lies inside the proof shortens the key, what lies outside refuses the block."""

import pytest

from drivers.emulation.bench.parameters import Eve
from postproc.blocks import SecretBlock
from postproc.outcome import BlockEnded
from postproc.sifting.observables import ARRIVALS, NOISE, Watch
from tests.support import links
from tests.support.eve import attacked

WATCH = Watch(arrival_rms_ps=50.0, noise_hz=3500.0)
PARAMETERS = links.decoy_parameters("ldpc", watch=WATCH)


@pytest.fixture(scope="module")
def honest():
    return attacked(PARAMETERS, Eve())


def granted(block) -> float:
    """Bits of the sifted key that the proof leaves to Eve before anything was said."""
    from postproc.estimation.entropy import entropy_bound

    figures = block.figures
    kept = figures["vacuum"] + figures["single_photons"] * (1 - entropy_bound(figures["phase_error"]))
    return len(block.key_slots) - kept


def test_without_eve_there_is_key_and_no_alarm(honest):
    assert isinstance(honest.end, SecretBlock)
    assert honest.secret_bits > 5000
    assert honest.known_bits == 0


@pytest.mark.parametrize(
    ("attack", "strengths"),
    [("intercept_resend", (0.02, 0.05, 0.1)), ("photon_number_splitting", (0.1, 0.25, 0.5))],
)
def test_what_the_proof_covers_costs_key_by_what_she_holds(attack, strengths, honest):
    lengths = [honest.secret_bits]
    for strength in strengths:
        block = attacked(PARAMETERS, Eve(**{attack: strength}))
        lengths.append(block.secret_bits)
        if isinstance(block.end, SecretBlock):
            assert 0 < block.known_bits <= granted(block)
            # What is left is no more than what she does not hold.
            assert block.secret_bits <= len(block.key_slots) - block.known_bits
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[-1] < lengths[0]


@pytest.mark.parametrize(
    ("eve", "loss_db"),
    [
        (Eve(intercept_resend=1.0), 3.0),
        (Eve(intercept_resend=0.4), 3.0),
        (Eve(photon_number_splitting=1.0), 6.0),
    ],
)
def test_strong_attacks_leave_no_key_at_either_end(eve, loss_db):
    block = attacked(PARAMETERS, eve, loss_db=loss_db)
    assert isinstance(block.end, BlockEnded)
    assert block.end.outcome == "refused"
    assert block.secret_bits == 0


@pytest.mark.parametrize(
    ("eve", "observable"),
    [
        (Eve(blinding=1.0), NOISE),
        (Eve(blinding=0.9), NOISE),
        (Eve(time_shift=1.0), ARRIVALS),
        (Eve(time_shift=0.1), ARRIVALS),
    ],
)
def test_what_no_proof_covers_is_noticed_by_its_observable(eve, observable):
    block = attacked(PARAMETERS, eve)
    assert isinstance(block.end, BlockEnded)
    assert f"{observable}: " in block.end.reason
    assert len(block.key_slots) == 0  # Bob says nothing of such a block


def test_unwatched_the_same_attack_makes_a_key_that_eve_holds():
    """That is why the observables are there: no proof notices it."""
    block = attacked(links.decoy_parameters("ldpc"), Eve(blinding=1.0))
    assert isinstance(block.end, SecretBlock)
    assert block.known_bits == len(block.key_slots)


def test_bounds_hold_against_the_photons_that_were_sent(honest):
    """Ground truth from the bench: single photons in both bases, and none counted that were not there."""
    figures = honest.figures
    assert figures["single_photons"] <= (honest.photons == 1).sum()
    assert figures["test_single_photons"] <= (honest.test_photons == 1).sum()
    assert figures["vacuum"] <= (honest.photons == 0).sum()
    assert (honest.photons == 1).sum() < len(honest.photons)
