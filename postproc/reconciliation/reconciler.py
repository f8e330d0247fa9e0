"""How a session gets its error correction."""

from __future__ import annotations

from typing import Literal

from postproc.reconciliation.cascade.reconciler import CascadeReconciler
from postproc.reconciliation.chosen import ChosenReconciler
from postproc.reconciliation.ldpc.reconciler import LdpcReconciler
from postproc.reconciliation.profile import Method, Profile, Reconciler

__all__ = ["Reconciler", "choosing_reconciler", "make_reconciler"]


def make_reconciler(
    method: Method,
    profile: Profile = "efficient",
    *,
    charge_both_directions: bool = True,
    leak_cap_bits: int | None = None,
    workers: int = 1,
) -> Reconciler:
    """Give one way of error correction.

    Parameters
    ----------
    method : {"ldpc", "cascade"}
        LDPC needs few round trips, Cascade fewer bits (of Alice's) and many round trips.
    profile : {"efficient", "fast"}
        Fewest bits, or less time.
    charge_both_directions : bool
        Whether what Bob's messages tell is charged as well as what Alice's do. May be False only where the
        session's proof covers Bob's messages, by granting the eavesdropper the error pattern.
    leak_cap_bits : int, optional
        A block that would disclose more is refused.
    workers : int
        Threads of this party's own; the conversation does not depend on them.
    """
    if method == "cascade":
        return CascadeReconciler(profile, charge_both_directions, leak_cap_bits)
    return LdpcReconciler(profile, charge_both_directions, leak_cap_bits, workers)


def choosing_reconciler(
    method: Literal["auto", "ldpc", "cascade"] = "auto",
    profile: Literal["auto", "efficient", "fast"] = "auto",
    *,
    charge_both_directions: bool = True,
    leak_cap_bits: int | None = None,
    workers: int = 1,
    block_s: float | None = None,
    round_trip_s: float = 0.0,
) -> Reconciler:
    """Give error correction that chooses for each block what is not given.

    LDPC's few answers are charged in any case; `charge_both_directions` is about Cascade's many.

    Parameters
    ----------
    method : {"auto", "ldpc", "cascade"}
    profile : {"auto", "efficient", "fast"}
    charge_both_directions, leak_cap_bits, workers
        As for :func:`make_reconciler`.
    block_s : float, optional
        How long it takes until the next block comes; without it, time does not matter.
    round_trip_s : float
        Of the line between the parties.
    """

    def make(method: Method, profile: Profile) -> Reconciler:
        return make_reconciler(
            method,
            profile,
            charge_both_directions=charge_both_directions or method == "ldpc",
            leak_cap_bits=leak_cap_bits,
            workers=workers,
        )

    if method != "auto" and profile != "auto":
        return make(method, profile)
    return ChosenReconciler(
        make,
        None if method == "auto" else method,
        None if profile == "auto" else profile,
        charge_both_directions,
        block_s,
        round_trip_s,
    )
