"""BBM92: both parties measure photon pairs.

C. H. Bennett, G. Brassard, N. D. Mermin, "Quantum cryptography without Bell's theorem", PRL 68, 557 (1992).
"""

from __future__ import annotations

from postproc.blocks import ClickBlock
from postproc.estimation import EntanglementParameters, make_proof
from postproc.estimation.proof import Proof
from postproc.inspection import Inspect
from postproc.parameters.session import Bbm92
from postproc.pooling.passes import passes
from postproc.protocols.party import Party, assumptions_named, hold_against
from postproc.sifting.blocks import CutClicks
from postproc.sifting.grid import Grid
from postproc.sifting.pairs import SiftPairs
from postproc.stage import Stage
from postproc.synchronisation.buffer import TagBuffer
from postproc.synchronisation.pair_source import PairSourceLock
from postproc.synchronisation.stage import Synchronise
from postproc.timetags.types import PICOSECONDS_PER_SECOND


def stages(parameters: Bbm92, party: Party) -> list[Stage]:
    """Give a party's stages, first to last; see :func:`postproc.protocols.stages`."""
    proof, _ = proof_of(parameters)
    lock = PairSourceLock(
        parameters.alice,
        parameters.bob,
        parameters.bases,
        parameters.clock,
        parameters.window_ps,
        parameters.bin_ps,
    )
    pooling = parameters.pooling
    sizes = proof.sample_sizes()

    def sift() -> SiftPairs:
        return SiftPairs(
            parameters.alice,
            parameters.bob,
            parameters.bases,
            parameters.window_ps,
            parameters.bin_ps,
            sizes if pooling.size == 1 else None,
        )

    own = parameters.alice if party.role == "alice" else parameters.bob
    grid = Grid(round(parameters.block_s * PICOSECONDS_PER_SECOND))
    return [
        *passes(
            pooling,
            inspect=lambda: Inspect(party.role, own),
            agree=party.agree(parameters),
            synchronise=lambda: Synchronise(party.role, getattr(lock, party.role), TagBuffer()),
            cut=lambda before, most: CutClicks(grid, before, most),
            sift=lambda: party.converse("sift", ClickBlock, sift()),
        ),
        *party.gather(pooling, sizes),
        *party.distil(parameters, proof),
    ]


def proof_of(parameters: Bbm92) -> tuple[Proof, tuple[str, ...]]:
    """Configure the session's proof; see :func:`postproc.protocols.proof_of`."""
    security = parameters.security
    proof = make_proof(
        security.proof,
        EntanglementParameters(
            eps_sec=security.eps_sec,
            eps_cor=security.eps_cor,
            thresholds=security.thresholds,
            waived=assumptions_named(security.waived),
            preparation_quality=security.preparation_quality,
        ),
    )
    return proof, hold_against(proof, parameters.link, parameters.reconciliation, security.waived)
