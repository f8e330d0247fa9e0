"""Hypothesis strategies for sessions, read off the bounds in the parameters' own types."""

from dataclasses import MISSING, fields
from typing import Literal, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from postproc.errors import PostprocError
from postproc.estimation import DecoyThresholds, EntanglementThresholds, proof_class, proofs
from postproc.parameters.receiver import Bases, Detector, Receiver
from postproc.parameters.security import DecoySecurity, PairSecurity
from postproc.parameters.session import Bbm92, DecoyBb84, Intensity
from postproc.protocols import proof_of

NAMES = st.text(min_size=1, max_size=16)

THRESHOLDS = {
    "bbm92": st.builds(
        EntanglementThresholds,
        key_bits=st.integers(10**5, 10**9),
        test_bits=st.integers(10**5, 10**9),
        qber_max=st.floats(0, 0.03),
        leak_max_bits=st.integers(0, 1000),
    ),
    "decoy-bb84": st.builds(
        DecoyThresholds,
        vacuum_min=st.floats(0, 1e6),
        single_photons_min=st.floats(1e6, 1e12),
        phase_error_max=st.floats(0, 0.05),
        leak_max_bits=st.integers(0, 10**4),
    ),
}


def built(kind, **fixed):
    """Build a dataclass from the bounds in its annotations; what has a default may be left out."""
    hints = get_type_hints(kind, include_extras=True)
    parts, optional = {}, {}
    for field in fields(kind):
        strategy = fixed.get(field.name)
        if strategy is None:
            strategy = leaf(hints[field.name])
        has_default = field.default is not MISSING
        (optional if has_default and field.name not in fixed else parts)[field.name] = strategy
    return st.fixed_dictionaries(parts, optional=optional).map(lambda values: kind(**values))


def leaf(hint):
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if hint in (int, float, bool, str):
        return {int: st.integers(-(2**40), 2**40), float: numbers(), bool: st.booleans(), str: NAMES}[hint]
    if isinstance(hint, type):
        return built(hint)
    if type(None) in get_args(hint):
        return st.none()
    kind, *bounds = get_args(hint)
    return (st.integers if kind is int else numbers)(**limits(kind, bounds)) if kind is not str else NAMES


def numbers(**bounds):
    return st.floats(**{"allow_nan": False, "allow_infinity": False, **bounds})


def limits(kind, bounds):
    """Hypothesis' names for annotated_types' bounds."""
    found = {}
    for bound in bounds:
        for name, value in vars(bound).items() if hasattr(bound, "__dict__") else slots(bound):
            found |= limit(kind, name, value)
    return found


def slots(bound):
    return [(name, getattr(bound, name)) for name in ("gt", "ge", "lt", "le") if hasattr(bound, name)]


def limit(kind, name, value):
    end = "min_value" if name in ("gt", "ge") else "max_value"
    if name in ("ge", "le"):
        return {end: value}
    if kind is int:
        return {end: value + (1 if name == "gt" else -1)}
    return {end: value, f"exclude_{end[:3]}": True}


@st.composite
def receivers(draw, bases):
    """Detectors for both bits of both bases, perhaps some twice, in any order."""
    outcomes = [(basis, bit) for basis in (bases.key, bases.test) for bit in (0, 1)]
    more = draw(st.lists(st.sampled_from(outcomes), max_size=4))
    channels = draw(
        st.lists(st.integers(0, 255), min_size=4 + len(more), max_size=4 + len(more), unique=True)
    )
    detectors = [
        Detector(channel, basis, bit, draw(st.integers(-(10**6), 10**6)))
        for channel, (basis, bit) in zip(channels, outcomes + more, strict=True)
    ]
    return Receiver(
        tuple(draw(st.permutations(detectors))), draw(st.integers(0, 10**9)), draw(st.integers(0, 10**6))
    )


@st.composite
def bases(draw):
    return Bases(*draw(st.lists(NAMES, min_size=2, max_size=2, unique=True)))


def security(kind, protocol):
    """A proof for the protocol, with every assumption waived that it makes."""
    names = [name for name in proofs() if proof_class(name).protocol == protocol]
    return st.sampled_from(names).flatmap(
        lambda name: built(
            kind,
            proof=st.just(name),
            thresholds=st.none() | THRESHOLDS[protocol],
            waived=st.permutations(sorted(a.value for a in proof_class(name).assumptions)).map(tuple),
        )
    )


@st.composite
def intensities(draw, count):
    parts = draw(st.lists(st.integers(1, 100), min_size=count, max_size=count))
    means = sorted(draw(st.sets(st.integers(0, 2000), min_size=count, max_size=count)), reverse=True)
    return tuple(
        Intensity(mean=mean / 1000, probability=part / sum(parts))
        for mean, part in zip(means, parts, strict=True)
    )


def holds(session):
    """Whether the session's proof takes its figures."""
    try:
        proof_of(session)
    except PostprocError:
        return False
    return True


@st.composite
def bbm92(draw):
    names = draw(bases())
    fixed = {"alice": receivers(names), "bob": receivers(names), "bases": st.just(names)}
    return draw(built(Bbm92, **fixed, security=security(PairSecurity, "bbm92")))


@st.composite
def decoy_bb84(draw):
    names, secure = draw(bases()), draw(security(DecoySecurity, "decoy-bb84"))
    return draw(
        built(
            DecoyBb84,
            bob=receivers(names),
            bases=st.just(names),
            security=st.just(secure),
            intensities=intensities(proof_class(secure.proof).n_intensities),
            gate_ps=st.integers(1, 10),
        )
    )


sessions = (bbm92() | decoy_bb84()).filter(holds)
