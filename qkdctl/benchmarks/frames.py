"""A campaign of single frames: how many fail at first, how many stay wrong, and whether verification saw it.

Seeded and resumable.

Usage: ``python -m qkdctl.benchmarks.frames LOG QBER EXPONENT PROFILE FRAMES [wild | cut]``

Appends one line of JSON a frame to LOG, and goes on where it ended. With ``wild``, the error rate is drawn up
to 11 % for each frame, the estimate is wrong by up to a factor of two, and a burst may be added. With ``cut``, too, and
Bob gives up frames that fail at first: his bits stay as they are, and tags cut short are asked whether they see it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np
from cryptography.hazmat.primitives.poly1305 import Poly1305
from scipy.stats import beta

from postproc.bits import Bits
from postproc.entropy import SeededEntropy
from postproc.estimation.entropy import binary_entropy
from postproc.reconciliation import reconcile_bits
from postproc.reconciliation.ldpc.decoder import Decoder
from postproc.reconciliation.ldpc.encoder import Encoder
from postproc.reconciliation.ldpc.plan import plan
from postproc.reconciliation.profile import Profile

CUTS = (8, 9, 10, 11, 12)
WHOLE_TAG = 128

Kind = Literal["", "wild", "cut"]
Line = dict[str, Any]


def campaign(path: Path, qber: float, n: int, profile: Profile, frames: int, kind: Kind = "") -> list[Line]:
    """Run what is missing of a campaign, and give all of it."""
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    with path.open("a") as file:
        for seed in range(len(lines), frames):
            lines.append(frame(seed, qber, n, profile, kind))
            print(json.dumps(lines[-1]), file=file, flush=True)
    return lines[:frames]


def frame(seed: int, qber: float, n: int, profile: Profile, kind: Kind = "") -> Line:
    """Correct one block of `n` bits; say what came of it."""
    rng = np.random.default_rng([seed, n])
    estimate, burst = qber, 0
    if kind:
        qber = float(rng.uniform(0.002, 0.11))
        estimate, burst = qber * float(rng.uniform(0.5, 2)), int(rng.integers(0, n // 50))
    alice, bob = noisy_pair(n, qber, seed, burst)
    if kind == "cut":
        given_up = first_try(alice, bob, estimate, profile, seed)
        return {
            "seed": seed,
            "wrong": (given_up ^ alice).count(),
            "equal_tags": equal_tags(alice, given_up, rng),
        }
    result = reconcile_bits(alice, bob, qber=estimate, method="ldpc", profile=profile, rng=rng)
    return {
        "seed": seed,
        "f": result.leak_bits / (n * binary_entropy(qber)),
        "failed": result.failed_frames,
        "frames": result.frames,
        "wrong": (result.corrected ^ alice).count(),
        "verified": WHOLE_TAG in equal_tags(alice, result.corrected, rng),
        "rounds": result.rounds,
    }


def noisy_pair(n: int, qber: float, seed: int, burst_bits: int) -> tuple[Bits, Bits]:
    """Give Alice's and Bob's keys; as many bits in a row as the burst has are random at Bob."""
    rng = np.random.default_rng(seed)
    alice = rng.integers(0, 2, n, dtype=np.uint8)
    bob = alice ^ (rng.random(n) < qber)
    start = int(rng.integers(0, max(1, n - burst_bits)))
    bob[start : start + burst_bits] = rng.integers(0, 2, len(bob[start : start + burst_bits]))
    return Bits.from_array(alice), Bits.from_array(bob)


def first_try(alice: Bits, bob: Bits, estimate: float, profile: Profile, seed: int) -> Bits:
    """Give Bob's key after one try, uncorrected where any frame failed."""
    planned = plan(len(alice), estimate, profile)
    assert planned is not None
    encoder = Encoder(planned, alice, SeededEntropy(b"frames").stream("reconcile", seed))
    decoder = Decoder(planned, bob, encoder.syndromes)
    decoder.decode(charged=True)
    return bob if decoder.open_frames else decoder.key


def equal_tags(alice: Bits, bob: Bits, rng: np.random.Generator) -> list[int]:
    """Say at which lengths the tags of both keys are equal."""
    hash_key = rng.bytes(32)
    tags = [int.from_bytes(Poly1305.generate_tag(hash_key, key.to_bytes()), "little") for key in (alice, bob)]
    return [bits for bits in (*CUTS, WHOLE_TAG) if (tags[0] ^ tags[1]) % 2**bits == 0]


def most_likely(failures: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Give the Clopper-Pearson interval of a failure rate."""
    tail = (1 - confidence) / 2
    low = beta.ppf(tail, failures, count - failures + 1) if failures else 0.0
    high = beta.ppf(1 - tail, failures + 1, count - failures) if failures < count else 1.0
    return float(low), float(high)


def failure_rates(lines: list[Line]) -> dict[str, float]:
    """Give how many frames failed before repair and after, with the 95 % confidence interval of both rates."""
    frames, blocks = sum(line["frames"] for line in lines), len(lines)
    failed, wrong = sum(line["failed"] for line in lines), sum(line["wrong"] > 0 for line in lines)
    low, high = most_likely(failed, frames)
    return {
        "campaign_frames": frames,
        "campaign_f": round(float(np.mean([line["f"] for line in lines])), 4),
        "campaign_rounds": round(float(np.mean([line["rounds"] for line in lines])), 2),
        "failed_at_first": failed / frames,
        "failed_at_first_low": low,
        "failed_at_first_high": high,
        "wrong_after_repair": wrong,
        "wrong_after_repair_high": most_likely(wrong, blocks)[1],
        "undetected": sum(line["wrong"] > 0 and line["verified"] for line in lines),
    }


def missed(lines: list[Line]) -> dict[str, float]:
    """Give how often tags cut short missed that keys differ, and how often they are expected to.

    Raises
    ------
    AssertionError
        If they missed more than five standard deviations more.
    """
    wrong = [line for line in lines if line["wrong"]]
    figures: dict[str, float] = {"frames": len(lines), "different": len(wrong)}
    for bits in (*CUTS, WHOLE_TAG):
        count, expected = sum(bits in line["equal_tags"] for line in wrong), len(wrong) / 2**bits
        assert count <= expected + 5 * np.sqrt(expected) + 1e-9, f"tags of {bits} bits miss too much: {count}"
        figures |= {f"missed_by_{bits}_bits": count, f"expected_with_{bits}_bits": round(expected, 2)}
    return figures


def main(log: str, qber: str, exponent: str, profile: Profile, frames: str, kind: Kind = "") -> None:
    """Run what is missing; print what it came to."""
    lines = campaign(Path(log), float(qber), 2 ** int(exponent), profile, int(frames), kind)
    print(json.dumps(missed(lines) if kind == "cut" else failure_rates(lines)))


if __name__ == "__main__":
    main(*sys.argv[1:])  # type: ignore[arg-type]
