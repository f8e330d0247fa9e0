"""The package ``ldpc`` from PyPI on Bob's part of a frame: product-sum decoding in double precision.

It is told the random bits that our frames keep back: with them hidden it does not come to an end within 100 sweeps.
So its work is easier than ours, and only Bob's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from postproc.bits import Bits
from postproc.reconciliation.codes.code import LIFTING, Code
from postproc.reconciliation.ldpc.layout import words_of
from postproc.reconciliation.ldpc.plan import plan
from qkdctl.benchmarks.optional import package

MAX_SWEEPS = 100


def peers(alice: Bits, bob: Bits, qber: float) -> dict[str, Callable[[], Bits]]:
    """Give the peer where it is installed; it takes one frame of the fast profile."""
    ldpc = package("ldpc")
    if ldpc is None:
        return {}
    planned = plan(len(alice), qber, "fast")
    assert planned is not None
    (layout,) = planned.layouts
    ours, theirs = (layout.codeword(layout.no_secret, words_of(key)) for key in (alice, bob))
    prior = np.where(np.arange(len(ours)) < LIFTING * layout.first_payload, 1e-9, qber)
    decoder = ldpc.BpDecoder(
        matrix_of(layout.code), error_channel=list(prior), max_iter=MAX_SWEEPS, bp_method="product_sum"
    )
    difference = (layout.code.syndrome(ours) ^ layout.code.syndrome(theirs)).to_array()

    def decode() -> Bits:
        errors: NDArray[np.uint8] = decoder.decode(difference)
        key = theirs.to_array() ^ errors
        return Bits.from_array(key[LIFTING * layout.first_payload :])

    return {"ldpc (PyPI), Bob alone": decode}


def matrix_of(code: Code) -> Any:
    """Give a code's parity-check matrix, sparse."""
    row = np.repeat(np.arange(code.n_rows), np.diff(code.row_start))
    inside = np.arange(LIFTING)
    rows = (LIFTING * row[:, None] + inside).ravel()
    rotated = (inside + code.shift[:, None].astype(np.int64)) % LIFTING
    columns = (LIFTING * code.column[:, None].astype(np.int64) + rotated).ravel()
    return csr_matrix((np.ones(len(rows), np.uint8), (rows, columns)), shape=(code.checks, code.length))
