"""The C kernels, behind functions that check all that enters C.

Each kernel comes in variants for the levels of instruction set in :data:`LEVELS`. At import the best level
of this CPU is chosen; the environment variable ``QKD_FORCE_IMPL`` names another. At a level each kernel
runs its best variant not above it: see :func:`implementations`. A readable oracle of each kernel stands in
:mod:`postproc.reference`.
"""

from postproc.kernels.cascade import CascadeSearch, CascadeTeller, permute, subset_parity
from postproc.kernels.counting import health_counts, parity, popcount, prefix_parity
from postproc.kernels.dispatch import LEVELS, forced, implementations, levels
from postproc.kernels.hashing import toeplitz_hash
from postproc.kernels.ldpc import Belief, LdpcDecoder, ldpc_decode, ldpc_syndrome
from postproc.kernels.records import decode_t2, pack_tags, unpack_tags
from postproc.kernels.sliding import StatePlanes, slide_states
from postproc.kernels.slots import gate_slots, match_bases
from postproc.kernels.timetags import coincidences, correlate, first_disorder

__all__ = [
    "LEVELS",
    "Belief",
    "CascadeSearch",
    "CascadeTeller",
    "LdpcDecoder",
    "StatePlanes",
    "coincidences",
    "correlate",
    "decode_t2",
    "first_disorder",
    "forced",
    "gate_slots",
    "health_counts",
    "implementations",
    "ldpc_decode",
    "ldpc_syndrome",
    "levels",
    "match_bases",
    "pack_tags",
    "parity",
    "permute",
    "popcount",
    "prefix_parity",
    "slide_states",
    "subset_parity",
    "toeplitz_hash",
    "unpack_tags",
]
