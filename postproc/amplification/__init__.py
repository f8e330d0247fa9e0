"""Privacy amplification: from equal bits that Eve knows something of to fewer that she does not."""

from postproc.amplification.packed import modified_toeplitz_hash, toeplitz_hash
from postproc.amplification.seeds import SEED_ORDERS, SeedOrder, seed_from, seed_to

__all__ = [
    "SEED_ORDERS",
    "SeedOrder",
    "modified_toeplitz_hash",
    "seed_from",
    "seed_to",
    "toeplitz_hash",
]
