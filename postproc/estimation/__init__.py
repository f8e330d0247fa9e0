"""Parameter estimation: from counts and leak to a number of secret bits, each by a named proof.

``make_proof(name, parameters)`` configures a proof; ``waivers_in_use(proof, link)`` holds its assumptions
against the facts of a link; the proof then judges each block, ``check_test`` right after the test and
``secret_length`` at the end.

=================================  =========================================================================
module                             what it has
=================================  =========================================================================
``lim2014``                        decoy BB84, two decoys; also with Chernoff tails
``rusca2018``                      decoy BB84, one decoy
``wiesemann2024``                  decoy BB84, one decoy, the fixed-length treatment repaired
``tupkary2024``                    decoy BB84, two decoys, variable length, detectors that may differ
``tomamichel2012``                 BBM92, with Serfling's inequality and with the exact tail
``tomamichel_leverrier2017``       BBM92, deviation chosen for length
``lim2021``                        BBM92, small blocks
``assumptions``, ``proof``         what proofs assume, and what the protocol may ask of them
``decoy``, ``entanglement``        what the proofs of a protocol share
``intensities``, ``spans``,        mean photon numbers, known exactly or as intervals
``tails``,                         the statistics underneath
``sampling``, ``hypergeometric``
``planning``, ``points``           planning values; reference points (``python -m postproc.estimation``)
=================================  =========================================================================
"""

from postproc.estimation.assumptions import Assumption, Link
from postproc.estimation.intensities import Intensities
from postproc.estimation.parameters import (
    DecoyParameters,
    DecoyThresholds,
    EntanglementParameters,
    EntanglementThresholds,
)
from postproc.estimation.proof import Bound, Epsilon, Proof, unmet, waivers_in_use
from postproc.estimation.registry import Parameters, make_proof, proof_class, proofs
from postproc.estimation.statistics import Leak, Statistics

__all__ = [
    "Assumption",
    "Bound",
    "DecoyParameters",
    "DecoyThresholds",
    "EntanglementParameters",
    "EntanglementThresholds",
    "Epsilon",
    "Intensities",
    "Leak",
    "Link",
    "Parameters",
    "Proof",
    "Statistics",
    "make_proof",
    "proof_class",
    "proofs",
    "unmet",
    "waivers_in_use",
]
