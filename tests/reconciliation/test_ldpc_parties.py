"""Alice's encoder and Bob's decoder, told nonsense."""

import msgspec
import numpy as np
import pytest

from postproc.bits import Bits
from postproc.entropy import SeededEntropy
from postproc.errors import BlockRefused, ProtocolViolation
from postproc.reconciliation.ldpc.decoder import Decoder
from postproc.reconciliation.ldpc.encoder import Encoder
from postproc.reconciliation.ldpc.messages import FramesDecoded, Repair
from postproc.reconciliation.ldpc.plan import plan
from tests.support.reconciled import noisy_pair

PLAN = plan(3000, 0.03, "efficient")
ALICE, BOB = noisy_pair(3000, 0.03, 1)
ONE, ZERO = Bits.from_array(np.array([1])), Bits.zeros(1)


@pytest.fixture
def encoder() -> Encoder:
    return Encoder(PLAN, ALICE, SeededEntropy(b"a").stream("reconcile", 1))


@pytest.fixture
def decoder(encoder: Encoder) -> Decoder:
    return Decoder(PLAN, BOB, encoder.syndromes)


def test_the_syndromes_disclose_all_but_what_is_hidden(encoder: Encoder):
    assert len(encoder.syndromes.syndromes) == PLAN.code.checks
    assert encoder.syndromes.discloses() == PLAN.code.checks - PLAN.punctured


def test_repair_ends_with_every_bit_disclosed(encoder: Encoder, decoder: Decoder):
    total = PLAN.punctured + 3008  # in whole words
    for count in (PLAN.punctured, 3008, 500):
        if count == 500:
            with pytest.raises(BlockRefused, match="disclosed every bit"):
                encoder.disclose(count)
        else:
            repair = encoder.disclose(count)
            total -= repair.discloses()
            decoder.learn(repair, count)
    assert total == 0
    decoder.decode(charged=True)
    assert decoder.key == ALICE


def test_the_last_step_brings_what_is_left(encoder: Encoder, decoder: Decoder):
    repair = encoder.disclose(10_000)
    assert len(repair.bits) == PLAN.punctured + 3008
    decoder.learn(repair, 10_000)


@pytest.mark.parametrize("frames", [0, 2, 9])
def test_feedback_on_other_frames_is_refused(encoder: Encoder, frames: int):
    with pytest.raises(ProtocolViolation, match=f"Bob tells of {frames} frames .* where 1 are open"):
        encoder.close(FramesDecoded(Bits.zeros(frames), True), charged=True)


def test_feedback_by_other_rules_is_refused(encoder: Encoder):
    with pytest.raises(ProtocolViolation, match=r"\(charged: False\) where 1 are open \(charged: True\)"):
        encoder.close(FramesDecoded(ONE, False), charged=True)


def test_a_decoded_frame_is_closed_and_an_open_one_is_not(encoder: Encoder):
    encoder.close(FramesDecoded(ZERO, True), charged=True)
    assert encoder.open_frames == 1
    encoder.close(FramesDecoded(ONE, True), charged=True)
    assert encoder.open_frames == 0


@pytest.mark.parametrize("bits", [0, 19, 21, 5000])
def test_a_repair_of_another_length_is_refused(decoder: Decoder, bits: int):
    with pytest.raises(ProtocolViolation, match=f"Alice disclosed {bits} bits where 20 were due"):
        decoder.learn(Repair(Bits.zeros(bits)), 20)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"seed": bytes(15)}, "seed has 15 bytes instead of 16"),
        ({"code": "1x1"}, "Alice used code, hidden bits and syndrome bits .*'1x1'"),
        ({"hidden_bits": PLAN.punctured + 1}, "both parties must run the same version"),
        ({"syndromes": Bits.zeros(PLAN.code.checks - 64)}, "both parties must run the same version"),
    ],
)
def test_syndromes_that_do_not_fit_the_plan_are_refused(encoder: Encoder, change, complaint: str):
    with pytest.raises(ProtocolViolation, match=complaint):
        Decoder(PLAN, BOB, msgspec.structs.replace(encoder.syndromes, **change))


def test_threads_change_nothing_but_the_time():
    planned = plan(200_000, 0.04, "fast")
    alice, bob = noisy_pair(200_000, 0.037, 3)
    said = Encoder(planned, alice, SeededEntropy(b"a").stream("reconcile", 1)).syndromes
    one, three = (Decoder(planned, bob, said, workers) for workers in (1, 3))
    assert one.decode(charged=True) == three.decode(charged=True)
    assert one.key == three.key == alice
