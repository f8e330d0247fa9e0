"""Blocks and configurations that the tests of the proofs share."""

import pytest

from postproc.estimation import (
    Assumption,
    DecoyParameters,
    EntanglementParameters,
    Intensities,
    Link,
    Parameters,
    Proof,
    Statistics,
    make_proof,
    proof_class,
    proofs,
)

SOURCES = {
    3: Intensities((0.45, 0.2, 0.0002), (0.45, 0.35, 0.2)),
    2: Intensities((0.484, 0.2096), (0.67, 0.33)),
}
GOOD_BLOCKS = {
    3: Statistics((741109, 259108, 149), (35898, 12486, 7), (842, 309, 0)),
    2: Statistics((8240318, 1757766), (74756, 15621), (716, 158), (82977, 17426)),
    1: Statistics((10_000,), (4_000,), (40,)),
}


@pytest.fixture(scope="session", params=proofs())
def name(request: pytest.FixtureRequest) -> str:
    """Each proof in turn."""
    return str(request.param)


@pytest.fixture(scope="session")
def block(name: str) -> Statistics:
    """A block of which the proof makes key."""
    return GOOD_BLOCKS[proof_class(name).n_intensities]


@pytest.fixture(scope="session")
def parameters(name: str) -> Parameters:
    """Parameters that compute the length from the counts."""
    waived = frozenset({Assumption.FIXED_LENGTH}) & proof_class(name).assumptions
    if proof_class(name).protocol == "bbm92":
        return EntanglementParameters(eps_sec=1e-10, eps_cor=1e-15, waived=waived)
    source = SOURCES[proof_class(name).n_intensities]
    return DecoyParameters(intensities=source, eps_sec=1e-9, eps_cor=1e-15, waived=waived)


@pytest.fixture(scope="session")
def proof(name: str, parameters: Parameters) -> Proof:
    """The proof, computing lengths from the counts."""
    return make_proof(name, parameters)


@pytest.fixture(scope="session")
def perfect_link() -> Link:
    """A link of which every assumption holds."""
    return Link(
        block_end="clock",
        basis_choice="active",
        detector_efficiencies="equal",
        detections="independent",
        double_clicks="random-bit",
        published_times="silent",
        reconciliation="charged",
        alice_measures="qubits",
        pulse_phases="random",
        intensities="exact",
        prepared_states="ideal",
        states=4,
    )
