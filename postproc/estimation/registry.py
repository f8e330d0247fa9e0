"""The proofs by name. A new proof is a module of its own and a line here."""

from __future__ import annotations

from postproc.errors import ProofError
from postproc.estimation.assumptions import Assumption
from postproc.estimation.decoy import DecoyProof
from postproc.estimation.entanglement import EntanglementProof
from postproc.estimation.lim2014 import Lim2014, Lim2014Chernoff
from postproc.estimation.lim2021 import Lim2021
from postproc.estimation.parameters import DecoyParameters, EntanglementParameters
from postproc.estimation.proof import Proof
from postproc.estimation.rusca2018 import Rusca2018
from postproc.estimation.tomamichel2012 import Tomamichel2012, Tomamichel2012Exact
from postproc.estimation.tomamichel_leverrier2017 import TomamichelLeverrier2017
from postproc.estimation.tupkary2024 import Tupkary2024
from postproc.estimation.wiesemann2024 import Wiesemann2024

Parameters = DecoyParameters | EntanglementParameters
ProofClass = type[DecoyProof] | type[EntanglementProof]

_DECOY: dict[str, type[DecoyProof]] = {
    proof.name: proof for proof in (Lim2014, Lim2014Chernoff, Rusca2018, Wiesemann2024, Tupkary2024)
}
_ENTANGLEMENT: dict[str, type[EntanglementProof]] = {
    proof.name: proof for proof in (Tomamichel2012, Tomamichel2012Exact, TomamichelLeverrier2017, Lim2021)
}


def proofs() -> tuple[str, ...]:
    """Names of all proofs."""
    return (*_DECOY, *_ENTANGLEMENT)


def proof_class(name: str) -> ProofClass:
    """Give the class of a proof, whose attributes say what it is about before it is configured.

    Raises
    ------
    ProofError
        If there is no proof of that name.
    """
    if name in _DECOY:
        return _DECOY[name]
    if name in _ENTANGLEMENT:
        return _ENTANGLEMENT[name]
    raise ProofError(f"there is no proof {name!r}; there are {', '.join(proofs())}")


def make_proof(name: str, parameters: Parameters) -> Proof:
    """Configure a proof.

    Parameters
    ----------
    name : str
        One of :func:`proofs`.
    parameters : DecoyParameters or EntanglementParameters
        As the proof's protocol demands.

    Raises
    ------
    ProofError
        If the name is unknown, the parameters do not fit the theorem, the thresholds leave no secret bit, or
        there are no thresholds and ``fixed-length`` is not waived.
    """
    kind = proof_class(name)
    if name in _DECOY and isinstance(parameters, DecoyParameters):
        _check_waivers(kind, parameters)
        return _DECOY[name](parameters)
    if name in _ENTANGLEMENT and isinstance(parameters, EntanglementParameters):
        _check_waivers(kind, parameters)
        return _ENTANGLEMENT[name](parameters)
    raise ProofError(f"proof {name} is for {kind.protocol}, got {type(parameters).__name__}")


def _check_waivers(proof: ProofClass, parameters: Parameters) -> None:
    for assumption in parameters.waived - proof.assumptions:
        raise ProofError(f"proof {proof.name} does not assume {assumption.value}; take it out of waived")
    if proof.length == "variable":
        return
    if parameters.thresholds is None and Assumption.FIXED_LENGTH not in parameters.waived:
        raise ProofError(
            f"proof {proof.name} is about a key length agreed before the run; configure thresholds, or list "
            f'"{Assumption.FIXED_LENGTH.value}" under waived: the key is then a demonstration'
        )
