"""The cffi extension as :mod:`postproc.kernels` uses it; the C side is described in ``csrc/kernels.h``."""

from collections.abc import Callable
from typing import Any, Protocol

from typing_extensions import Buffer

class Pointer(Protocol):
    """A C pointer; compares by address."""

    def __bool__(self) -> bool: ...

class KernelTable(Pointer, Protocol):
    """One entry per kernel: the best variant at some level."""

    cascade_tell: Callable[[Pointer, Pointer, int, Pointer, int, bytes, int, Pointer], int]
    cascade_tell_ends: Callable[[Pointer, Pointer, int, int, int, Pointer], None]
    coincidences: Callable[[Pointer, int, Pointer, int, int, Pointer, Pointer], int]
    correlate: Callable[[Pointer, int, Pointer, int, int, int, int, int, Pointer], int]
    decode_t2: Callable[[Pointer, int, int, int, int, Pointer, Pointer, Pointer], int]
    decoder_free: Callable[[Pointer], None]
    decoder_new: Callable[[Pointer, int, Pointer, Pointer, int, int], Pointer]
    decoder_run: Callable[[Pointer, Pointer, Pointer, int, int, Pointer], int]
    decoder_start: Callable[[Pointer, Pointer, Pointer, Pointer, int], None]
    first_disorder: Callable[[Pointer, int], int]
    gate_slots: Callable[
        [Pointer, int, int, float, float, float, int, Pointer, Pointer, Pointer, Pointer], int
    ]
    health_counts: Callable[[Pointer, int, Pointer], None]
    ldpc_fault: Callable[[Pointer, int, Pointer, Pointer, int, int], int]
    ldpc_syndrome: Callable[[Pointer, int, Pointer, Pointer, int, Pointer, int, Pointer], int]
    match_bases: Callable[[Pointer, Pointer, Pointer, int, Pointer, Pointer], int]
    pack_ascending: Callable[[Pointer, int, int, Pointer, int], int]
    pack_tags: Callable[[Pointer, Pointer, int, Pointer], int]
    permute: Callable[[Pointer, Pointer, int, int, Pointer], int]
    popcount: Callable[[Pointer, int], int]
    prefix_parity: Callable[[Pointer, int, Pointer], None]
    search_choose: Callable[[Pointer, int, Pointer, Pointer], int]
    search_free: Callable[[Pointer], None]
    search_key: Callable[[Pointer, Pointer], None]
    search_new: Callable[[Pointer, int], Pointer]
    search_open: Callable[[Pointer, int, Pointer, int, Pointer], int]
    search_take: Callable[[Pointer, bytes], int]
    slide_states: Callable[[Pointer, int, int, Pointer, Pointer, int, int, int, int, Pointer, Pointer], int]
    subset_parity: Callable[[int, Pointer, int], int]
    toeplitz_hash: Callable[[Pointer, int, Pointer, int, Pointer], int]
    toeplitz_hash_block: Callable[[Pointer, int, int, Pointer], int]
    toeplitz_key_block: Callable[[Pointer, int, int, Pointer], int]
    toeplitz_multiply: Callable[[Pointer, int, Pointer, Pointer, int, int, int, int], int]
    toeplitz_seed_block: Callable[[Pointer, int, int, Pointer], int]
    unpack_ascending: Callable[[Pointer, int, int, int, int, int, Pointer], int]
    unpack_tags: Callable[[Pointer, int, int, Pointer, Pointer], int]

class _Ffi(Protocol):
    def new(self, cdecl: str, init: Any = ...) -> Any: ...
    def buffer(self, pointer: Any, size: int) -> Buffer: ...
    def unpack(self, pointer: Any, length: int) -> Any: ...
    def from_buffer(self, cdecl: str, buffer: Any, require_writable: bool = ...) -> Pointer: ...

class _Lib(Protocol):
    CODE_BAD_ROWS: int
    CODE_BAD_COLUMN: int
    CODE_BAD_SHIFT: int
    LARGEST_ANSWER: int
    NO_MEMORY: int
    PASS_NATURAL: int
    PASS_SHUFFLED: int
    PASS_CHOSEN: int
    MAX_PASSES: int
    PERMUTATION_WORDS: int
    CUTS_MISCOUNTED: int
    CUT_OUTSIDE: int
    CUT_REPEATED: int
    CONTRADICTION: int
    LAGS: int
    NIBBLES: int
    HEALTH_COUNTS: int
    SLIDE_MARGIN: int
    TOEPLITZ_TRANSFORM_BITS: int
    def qkd_kernels_at(self, level: int) -> KernelTable: ...

ffi: _Ffi
lib: _Lib
