"""Decoy-state BB84: Alice prepares, Bob measures.

C. H. Bennett, G. Brassard (1984); decoy states: W.-Y. Hwang, PRL 91, 057901 (2003); H.-K. Lo, X. Ma,
K. Chen, PRL 94, 230504 (2005).
"""

from __future__ import annotations

from postproc.blocks import ClickBlock, StateBlock
from postproc.errors import ProofError
from postproc.estimation import DecoyParameters, Intensities, make_proof
from postproc.estimation.proof import Proof
from postproc.inspection import Inspect
from postproc.parameters.session import DecoyBb84
from postproc.pooling.passes import passes
from postproc.protocols.party import Party, assumptions_named, hold_against
from postproc.sifting.blocks import CutClicks, CutStates
from postproc.sifting.grid import Grid
from postproc.sifting.slots import SiftSlots
from postproc.stage import Stage
from postproc.synchronisation.buffer import StateBuffer, TagBuffer
from postproc.synchronisation.prepare_measure import PrepareMeasureLock
from postproc.synchronisation.stage import Synchronise


def stages(parameters: DecoyBb84, party: Party) -> list[Stage]:
    """Give a party's stages, first to last; see :func:`postproc.protocols.stages`."""
    proof, _ = proof_of(parameters)
    lock = PrepareMeasureLock(parameters.bob, parameters.bases, parameters.clock, parameters.period_ps)
    sift = SiftSlots(
        parameters.bob,
        parameters.bases,
        parameters.period_ps,
        parameters.gate_ps,
        len(parameters.intensities),
        parameters.watch,
    )
    alice = party.role == "alice"
    blocks = Grid(parameters.slots_per_block, parameters.period_ps, -0.5)

    def cut(before: int, most: int | None) -> Stage:
        if alice:
            return CutStates(parameters.slots_per_block, before, most)
        return CutClicks(blocks, before, most)

    def sifted() -> Stage:
        if alice:
            return party.converse("sift", StateBlock, sift)
        return party.converse("sift", ClickBlock, sift)

    return [
        *passes(
            parameters.pooling,
            inspect=None if alice else lambda: Inspect(party.role, parameters.bob),
            agree=party.agree(parameters),
            synchronise=lambda: Synchronise(
                party.role, getattr(lock, party.role), StateBuffer() if alice else TagBuffer()
            ),
            cut=cut,
            sift=sifted,
        ),
        *party.gather(parameters.pooling, proof.sample_sizes()),
        *party.distil(parameters, proof),
    ]


def proof_of(parameters: DecoyBb84) -> tuple[Proof, tuple[str, ...]]:
    """Configure the session's proof; see :func:`postproc.protocols.proof_of`."""
    security = parameters.security
    proof = make_proof(
        security.proof,
        DecoyParameters(
            intensities=Intensities(
                tuple(intensity.mean for intensity in parameters.intensities),
                tuple(intensity.probability for intensity in parameters.intensities),
                tuple(intensity.spread for intensity in parameters.intensities),
            ),
            eps_sec=security.eps_sec,
            eps_cor=security.eps_cor,
            thresholds=security.thresholds,
            waived=assumptions_named(security.waived),
            strict_sampling=security.strict_sampling,
            detector_spread=security.detector_spread,
        ),
    )
    if proof.n_intensities != len(parameters.intensities):
        raise ProofError(
            f"proof {proof.name} is about {proof.n_intensities} intensities, and "
            f"{len(parameters.intensities)} are configured"
        )
    return proof, hold_against(proof, parameters.link, parameters.reconciliation, security.waived)
