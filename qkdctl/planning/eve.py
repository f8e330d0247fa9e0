"""What an eavesdropper costs, and what notices her: the whole chain, run against the bench with Eve on it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import ceil, log
from typing import Any

import numpy as np

from drivers.emulation.bench import bb84
from drivers.emulation.bench.bb84 import WatchedLight
from drivers.emulation.bench.parameters import Eve
from drivers.emulation.bench.scenes import Bb84Scene
from postproc.authentication.memory_pool import MemoryPool
from postproc.blocks import SecretBlock
from postproc.conversation.frames import unpack
from postproc.conversation.messages import decode
from postproc.entropy import SystemEntropy
from postproc.estimation import Assumption, proof_class
from postproc.outcome import BlockEnded
from postproc.parameters.session import DecoyBb84
from postproc.protocols import Party, stages
from postproc.runner import run_pair
from postproc.secretsink import MemorySink
from postproc.sifting.observables import (
    ARRIVALS,
    NOISE,
    arrival_detection,
    blocks_until_noticed,
    noise_detection,
)
from postproc.sifting.slots import Matches, SlotAnnouncement
from postproc.types import Role
from qkdctl.config.emulation import DecoyEmulation

ATTACKS = ("intercept_resend", "photon_number_splitting", "blinding", "time_shift")
WATCHED = {"blinding": NOISE, "time_shift": ARRIVALS}
"""Attacks that no proof covers, and the observable that notices each."""

PSK_BYTES = 4096


@dataclass(frozen=True)
class Attacked:
    """What became of a block under an attack.

    Attributes
    ----------
    attack : str
    strength : float
    outcome : str
        "key", "refused" or "aborted".
    reason : str or None
    secret_bits : int
    sifted_bits : int
        Of the key basis; 0 where Bob said nothing of the block.
    known_bits : float
        What Eve holds of the sifted key.
    qber_test : float or None
    phase_error : float or None
        The proof's bound.
    detection : float or None
        Stated probability that the attack's observable refuses such a block; None where the proof covers it
        or the scenario has no ``[watch]``.
    blocks_until_noticed : int or None
        How many such blocks in a row it takes to notice it almost surely.
    """

    attack: str
    strength: float
    outcome: str
    reason: str | None
    secret_bits: int
    sifted_bits: int
    known_bits: float
    qber_test: float | None
    phase_error: float | None
    detection: float | None
    blocks_until_noticed: int | None


def sweep(
    parameters: DecoyBb84,
    emulation: DecoyEmulation,
    attacks: Iterable[str],
    strengths: Iterable[float],
    seed: int,
) -> Iterator[Attacked]:
    """Run one block for each attack and strength.

    Parameters
    ----------
    parameters : DecoyBb84
    emulation : DecoyEmulation
        The link; long enough for a preamble and a block.
    attacks : iterable of str
        Of :data:`ATTACKS`.
    strengths : iterable of float
        0 to 1.
    seed : int
        Of the bench.
    """
    strengths, at_rest = list(strengths), _set(emulation.eve or Eve(), dict.fromkeys(ATTACKS, 0.0))
    honest = _run(parameters, emulation, Eve(), seed)
    for attack in attacks:
        for strength in strengths:
            eve = _set(at_rest, {attack: strength})
            block = _run(parameters, emulation, eve, seed)
            yield _judged(attack, strength, block, *_detection(parameters, attack, strength, eve, honest))


def with_lengths_from_counts(parameters: DecoyBb84) -> DecoyBb84:
    """Take the thresholds out, so that a block's length is what the bound gives for its own counts.

    With a proof of fixed length that is a demonstration, which is all that the bench can make anyway.
    """
    security = parameters.security
    waived = set(security.waived)
    if Assumption.FIXED_LENGTH in proof_class(security.proof).assumptions:
        waived.add(Assumption.FIXED_LENGTH.value)
    return replace(parameters, security=replace(security, thresholds=None, waived=tuple(sorted(waived))))


def _set(eve: Eve, strengths: dict[str, Any]) -> Eve:
    return replace(eve, **strengths)


def _run(parameters: DecoyBb84, emulation: DecoyEmulation, eve: Eve, seed: int) -> _Block:
    scene = replace(emulation, eve=eve).scene(parameters)
    block, tap = _Block(scene, seed), _Tap()
    shared_key = secrets.token_bytes(PSK_BYTES)
    chains = {}
    for role in ("alice", "bob"):
        pool = MemoryPool(shared_key)
        chains[role] = stages(parameters, Party(role, SystemEntropy(), pool, MemorySink(pool)))
    sources = bb84.prepared_states(scene, seed), bb84.detected_tags(scene, seed)
    for role, message in run_pair(chains["alice"], chains["bob"], *sources, tap):
        if isinstance(message, SecretBlock | BlockEnded) and message.record.block <= 1:
            block.ends.setdefault(role, message)
    block.key_slots = tap.key_slots(parameters)
    return block


class _Block:
    """The first block of a run."""

    def __init__(self, scene: Bb84Scene, seed: int) -> None:
        self._scene, self._seed = scene, seed
        self.ends: dict[Role, SecretBlock | BlockEnded] = {}
        self.key_slots: np.ndarray[Any, np.dtype[np.int64]] = np.empty(0, np.int64)

    @property
    def end(self) -> SecretBlock | BlockEnded:
        """How it ended at Bob."""
        return self.ends["bob"]

    def known_bits(self) -> float:
        """What Eve holds of the sifted key."""
        if not len(self.key_slots):
            return 0.0
        light = WatchedLight(self._scene, self._seed)
        return float(light.eavesdropper.known_bits(self.key_slots, self._scene.source.intensities).sum())


class _Tap:
    """What was said of the first block's sifting, in the open."""

    def __init__(self) -> None:
        self._said: dict[Role, bytes] = {}

    def __call__(self, sender: Role, data: bytes) -> tuple[bytes]:
        frame = unpack(data)
        if frame.stage == "sift" and frame.block == 1:
            self._said.setdefault(sender, frame.payload)
        return (data,)

    def key_slots(self, parameters: DecoyBb84) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Slots of the sifted key; none where Bob said nothing."""
        if "alice" not in self._said:
            return np.empty(0, np.int64)
        announced, matches = decode(self._said["bob"], SlotAnnouncement), decode(self._said["alice"], Matches)
        if not isinstance(announced, SlotAnnouncement) or not isinstance(matches, Matches):
            return np.empty(0, np.int64)
        kept = matches.match.to_array().astype(bool) & (announced.basis.to_array() == 0)
        preamble = max(round(parameters.clock.preamble_s * 1e12 / parameters.period_ps), 1)
        slots: np.ndarray[Any, np.dtype[np.int64]] = announced.slot[kept].astype(np.int64) + preamble
        return slots


def _detection(
    parameters: DecoyBb84, attack: str, strength: float, eve: Eve, honest: _Block
) -> tuple[float | None, int | None]:
    """Stated probability that a block is refused, and how many it takes, from what an honest one shows."""
    if parameters.watch is None or attack not in WATCHED:
        return None, None
    figures = honest.end.record.figures
    detections = int(figures.get("events", 0)) - int(figures.get("gated_out", 0))
    if attack == "time_shift":
        chance = arrival_detection(parameters.watch, detections, strength, eve.shift_ps)
        return chance, _until_sure(chance)
    block_s = parameters.slots_per_block / parameters.slot_hz
    live = 1 - int(figures.get("events", 0)) * parameters.bob.hold_off_ps * 1e-12 / block_s
    dark_s = block_s * live * (1 - parameters.gate_ps / parameters.period_ps)
    noticed = noise_detection(parameters.watch, dark_s, strength)
    return noticed, blocks_until_noticed(parameters.watch, dark_s, strength)


def _until_sure(chance: float, sure: float = 0.99) -> int | None:
    """Blocks until one of them is refused, each on its own."""
    if chance <= 1e-6:
        return None
    return 1 if chance >= sure else ceil(log(1 - sure) / log(1 - chance))


def _judged(
    attack: str, strength: float, block: _Block, detection: float | None, blocks: int | None
) -> Attacked:
    end = block.end
    figures = end.record.figures
    bits, errors = int(figures.get("test_bits", 0)), figures.get("test_errors")
    made = isinstance(end, SecretBlock)
    return Attacked(
        attack,
        strength,
        "key" if isinstance(end, SecretBlock) else end.outcome,
        None if isinstance(end, SecretBlock) else end.reason,
        int(figures["secret_bits"]) if made else 0,
        len(block.key_slots),
        block.known_bits(),
        int(errors) / bits if errors is not None and bits else None,
        float(figures["phase_error"]) if "phase_error" in figures else None,
        detection,
        blocks,
    )
