"""Error correction: Alice's key stays, Bob corrects his, and every bit told on the way is counted.

Two methods behind one interface (:class:`~postproc.reconciliation.reconciler.Reconciler`): LDPC codes, which
need few round trips, and Cascade, which tells fewer bits of Alice's key in many round trips; a session may choose
between them block by block (:mod:`~postproc.reconciliation.choice`). Neither promises equal keys: verification has
to follow.
"""

from postproc.reconciliation.in_memory import Result, reconcile, reconcile_bits
from postproc.reconciliation.profile import Method, Profile, Reconciler
from postproc.reconciliation.reconciler import choosing_reconciler, make_reconciler

__all__ = [
    "Method",
    "Profile",
    "Reconciler",
    "Result",
    "choosing_reconciler",
    "make_reconciler",
    "reconcile",
    "reconcile_bits",
]
