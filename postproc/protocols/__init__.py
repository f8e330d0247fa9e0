"""The protocols: which stages, in which order, for which party.

The order is the security argument. Read :func:`postproc.protocols.bbm92.stages` or
:func:`postproc.protocols.decoy_bb84.stages` from top to bottom: that is who says what, and when.
"""

from __future__ import annotations

from postproc.estimation.proof import Proof
from postproc.parameters.session import Bbm92, DecoyBb84, Session
from postproc.protocols import bbm92, decoy_bb84
from postproc.protocols.party import Party
from postproc.stage import Stage

__all__ = ["Party", "proof_of", "stages"]


def stages(parameters: Session, party: Party) -> list[Stage]:
    """Give a party's stages for a session, first to last.

    Raises
    ------
    ProofError
        If the session's proof does not apply to it.
    PoolExhausted
        If the authentication pool is below its reserve.
    """
    match parameters:
        case Bbm92():
            return bbm92.stages(parameters, party)
        case DecoyBb84():
            return decoy_bb84.stages(parameters, party)


def proof_of(parameters: Session) -> tuple[Proof, tuple[str, ...]]:
    """Give the session's proof, and the names of the waived assumptions that it really leans on.

    Raises
    ------
    ProofError
        If the proof does not apply, or an assumption fails that is not waived.
    """
    match parameters:
        case Bbm92():
            return bbm92.proof_of(parameters)
        case DecoyBb84():
            return decoy_bb84.proof_of(parameters)
