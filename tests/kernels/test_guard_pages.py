"""Inputs and outputs between pages that may not be touched: a byte read or written outside is a crash.

AddressSanitizer does not see masked AVX-512 loads; the memory management unit sees everything.
"""

import ctypes
import mmap

import numpy as np
import pytest

from postproc import kernels
from postproc.bits import Bits
from postproc.errors import InputError
from postproc.kernels import (
    Belief,
    arguments,
    ascending,
    records,
    sliding,
    slots,
    timetags,
    toeplitz_blocks,
)
from postproc.kernels import cascade as cascade_kernels
from postproc.reconciliation.ldpc.quantiser import tables
from postproc.reference import ascending as reference_ascending
from postproc.reference import cascade, coincidences, health, ldpc, parity, toeplitz
from postproc.reference import records as record_reference
from postproc.reference import sliding as sliding_reference
from postproc.reference import slots as slot_reference

PAGE = mmap.PAGESIZE
SIZES = [1, 3, 7, 8, 9, 31, 32, 33, 63, 64, 65, 130, 520]


def guarded(n_bytes: int, where: str) -> np.ndarray:
    """Give bytes that start right after, or end right before, a page without access."""
    inside = -(-n_bytes // PAGE) * PAGE
    memory = mmap.mmap(-1, inside + 2 * PAGE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    libc = ctypes.CDLL(None, use_errno=True)
    for page in (address, address + PAGE + inside):
        assert libc.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(PAGE), 0) == 0
    start = PAGE if where == "at the start" else PAGE + inside - n_bytes
    return np.frombuffer(memory, np.uint8)[start : start + n_bytes]


@pytest.fixture(params=["at the start", "at the end"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """A copy of an array between guard pages; outputs go between such pages as well."""

    def room(length: int, dtype: type) -> np.ndarray:
        return guarded(length * np.dtype(dtype).itemsize, request.param).view(dtype)

    def copy(array: np.ndarray) -> np.ndarray:
        placed = room(len(array), array.dtype)
        placed[:] = array
        placed.flags.writeable = False
        return placed

    for module in (arguments, records, sliding, slots, timetags):
        monkeypatch.setattr(module, "room", room)
    monkeypatch.setattr(
        cascade_kernels, "bytes_to_fill", lambda count: arguments.to_fill(room(count, np.dtype(np.uint8)))
    )
    return copy


def bits_between(place, rng: np.random.Generator, n_bytes: int, unused: int = 0) -> Bits:
    bits = Bits.from_bytes(rng.bytes(n_bytes), 8 * n_bytes - unused)
    return Bits(place(bits.packed), len(bits))


@pytest.mark.parametrize("n_bytes", SIZES)
def test_counts_and_parities(level: str, place, rng: np.random.Generator, n_bytes: int):
    bits = bits_between(place, rng, n_bytes, unused=3)
    assert kernels.popcount(bits) == parity.popcount(bits)
    assert kernels.prefix_parity(bits) == parity.prefix_parity(bits)
    assert kernels.health_counts(bits) == health.health_counts(bits)


@pytest.mark.parametrize("n", [1, 2, 16, 65, 200])
@pytest.mark.parametrize("step", [1, 100])
def test_ascending(level: str, place, n: int, step: int):
    values = np.arange(n) * step
    for low_bits in (0, 5, 8):
        size = len(reference_ascending.pack_ascending(values.tolist(), low_bits))
        packed = ascending.pack_ascending(place(values), low_bits, size)
        coded = place(packed[ascending.HEAD_BYTES :])
        found = ascending.unpack_ascending(coded, int(packed[12]), 0, 2**62, n - 1)
        assert found.tolist() == values.tolist()


@pytest.mark.parametrize("n_bytes", SIZES)
@pytest.mark.parametrize("out_bytes", [1, 64, 65])
def test_toeplitz_hash(level: str, place, rng: np.random.Generator, n_bytes: int, out_bytes: int):
    key, seed = bits_between(place, rng, n_bytes), bits_between(place, rng, n_bytes + out_bytes, unused=1)
    expected = toeplitz.toeplitz_hash(key, seed, 8 * out_bytes)
    assert kernels.toeplitz_hash(key, seed, 8 * out_bytes) == expected


@pytest.mark.parametrize("n_words", [1, 3, 4, 7, 8, 9, 64])
def test_orders_and_subsets(level: str, place, rng: np.random.Generator, n_words: int):
    bits = bits_between(place, rng, 8 * n_words)
    random = place(rng.integers(0, 2**64, 38, np.uint64))
    x, n = bits.to_array(), 64 * n_words
    shuffled = kernels.permute(random, bits).to_array()
    assert all(shuffled[cascade.place_of(random.tolist(), i, n_words)] == x[i] for i in range(n))
    assert kernels.permute(random, kernels.permute(random, bits), backwards=True) == bits
    members = [cascade.is_member(5, i) for i in range(n)]
    assert kernels.subset_parity(5, bits) == x[members].sum() % 2


@pytest.mark.parametrize("n_cuts", [1, 7, 8, 9, 40])
def test_cascade_tell(level: str, place, rng: np.random.Generator, n_cuts: int):
    bits = bits_between(place, rng, 8)
    teller = kernels.CascadeTeller(64)
    teller.open(0, bits, total_known=False)
    cuts = 64 - rng.permutation(64)[:n_cuts]
    packed = arguments.to_read(place(np.frombuffer(cascade.pack_cuts(cuts.tolist(), 64), np.uint8)))
    prefix = parity.prefix_parity(bits).to_array()
    told = Bits.from_bytes(teller.tell((n_cuts,), packed), n_cuts)
    assert told.to_array().tolist() == prefix[cuts - 1].tolist()


@pytest.mark.parametrize("block", [1, 5, 64])
def test_cascade_search(level: str, place, rng: np.random.Generator, block: int):
    search = kernels.CascadeSearch(bits_between(place, rng, 64))
    for kind, blocks in (("natural", -(-512 // block)), ("shuffled", -(-512 // block) - 1), ("chosen", 1)):
        parities = Bits.from_bytes(rng.bytes(blocks), blocks)
        random = place(rng.integers(0, 2**64, 38, np.uint64))
        search.open(kind, random, 512 if kind == "chosen" else block, Bits(place(parities.packed), blocks))
    try:
        _, counts = search.choose(3)
        unused = -sum(counts) % 8
        search.take(arguments.to_read(bits_between(place, rng, (sum(counts) + 7) // 8, unused).packed))
        search.choose(1000)
    except InputError as error:  # parities at random contradict each other now and then
        assert "contradict" in str(error)  # noqa: PT017


@pytest.mark.parametrize(("n_bytes", "out_bytes"), [(8193, 4099), (4099, 8193), (12_289, 8200)])
def test_a_transformed_toeplitz_hash(
    level: str, place, rng: np.random.Generator, n_bytes: int, out_bytes: int
):
    key, seed = bits_between(place, rng, n_bytes), bits_between(place, rng, n_bytes + out_bytes, unused=1)
    expected = toeplitz.toeplitz_hash(key, seed, 8 * out_bytes)
    assert kernels.toeplitz_hash(key, seed, 8 * out_bytes) == expected


@pytest.mark.parametrize(("n_bytes", "out_bytes"), [(1, 1), (65, 8193)])
def test_a_toeplitz_hash_in_blocks(level: str, place, rng: np.random.Generator, n_bytes: int, out_bytes: int):
    key, seed = bits_between(place, rng, n_bytes), bits_between(place, rng, n_bytes + out_bytes, unused=1)
    expected = toeplitz.toeplitz_hash(key, seed, 8 * out_bytes)
    assert toeplitz_blocks.hash_in_blocks(key, seed, 8 * out_bytes, workers=1) == expected


@pytest.mark.parametrize("n_a", [1, 4, 5, 8, 9, 16, 100])
@pytest.mark.parametrize("n_b", [1, 4, 8, 100])
@pytest.mark.parametrize("span_ps", [1, 100, 10_000])
def test_coincidences(level: str, place, rng: np.random.Generator, n_a: int, n_b: int, span_ps: int):
    a, b = (place(np.sort(rng.integers(0, span_ps, n))) for n in (n_a, n_b))
    index_a, index_b = kernels.coincidences(a, b, 5)
    assert (index_a.tolist(), index_b.tolist()) == coincidences.coincidences(a.tolist(), b.tolist(), 5)


@pytest.mark.parametrize("n", [1, 7, 8, 9, 63, 64, 65, 130, 520])
@pytest.mark.parametrize("share", [0, 0.02, 0.5])
def test_decode_t2(level: str, place, rng: np.random.Generator, n: int, share: float):
    words = np.where(rng.random(n) < share, (127 << 25) | 1, rng.integers(0, 2**31, n)).astype(np.uint32)
    time, channel, wraps = kernels.decode_t2(place(words), 3, wrap=2**25, counted=True, tick=5)
    expected = record_reference.decode_t2(words.tolist(), 3, wrap=2**25, counted=True, tick=5)
    assert (time.tolist(), channel.tolist(), wraps) == expected


@pytest.mark.parametrize("n", [1, 7, 8, 9, 16, 100])
@pytest.mark.parametrize("mean_ps", [100, 3000])
def test_slots(level: str, place, rng: np.random.Generator, n: int, mean_ps: int):
    times = place(rng.integers(0, 2 * mean_ps, n).cumsum())
    gate = {"centre_ps": 0.5, "period_ps": 1000.0, "half_gate_ps": 300.0, "n_slots": 200}
    slot, index, *_ = kernels.gate_slots(times, 0, **gate)
    assert (slot.tolist(), index.tolist()) == slot_reference.gate_slots(times.tolist(), 0, **gate)[:2]
    states, basis = place(rng.integers(0, 16, 200).astype(np.uint8)), Bits.zeros(len(slot))
    match, kept = kernels.match_bases(states, place(np.array(slot)), Bits(place(basis.packed), len(slot)))
    expected = slot_reference.match_bases(states.tolist(), slot.tolist(), [0] * len(slot))
    assert (match.to_array().tolist(), kept.tolist()) == expected


@pytest.mark.parametrize("n", [1, 8, 9, 100])
@pytest.mark.parametrize("n_states", [1, 8, 9, 512, 600])
def test_sliding(level: str, place, rng: np.random.Generator, n: int, n_states: int):
    states = rng.integers(0, 4, n_states).astype(np.uint8)
    slot = place(np.sort(rng.integers(-600, 600, n)))
    outcome = place(rng.integers(0, 4, n).astype(np.uint8))
    planes = kernels.StatePlanes(states)
    planes._planes = place(planes.packed)
    search = {"first_lag": -1300, "n_lags": 2600, "n_best": 3}
    found = kernels.slide_states(planes, slot, outcome, **search)
    expected = sliding_reference.slide_states(states.tolist(), slot.tolist(), outcome.tolist(), **search)
    assert list(zip(found.lag.tolist(), found.score.tolist(), strict=True)) == expected


@pytest.mark.parametrize("n", [1, 7, 8, 9, 511, 512, 513, 1600])
@pytest.mark.parametrize("largest", [1, 10_000, 2**60])
def test_packed_tags(level: str, place, rng: np.random.Generator, n: int, largest: int):
    time_ps = place(rng.integers(0, largest, n).cumsum())
    channel = place(rng.integers(0, 5, n).astype(np.uint8))
    packed = place(np.array(kernels.pack_tags(time_ps, channel)))
    assert packed.tobytes() == record_reference.pack_tags(time_ps.tolist(), channel.tolist())
    again = kernels.unpack_tags(packed, n)
    assert (again[0].tolist(), again[1].tolist()) == (time_ps.tolist(), channel.tolist())


@pytest.mark.parametrize("degree", [1, 7, 8, 9, 20])
def test_ldpc_syndrome(level: str, place, rng: np.random.Generator, degree: int):
    row_start = place(np.arange(0, 4 * degree, degree, np.uint32))
    column = place(rng.integers(0, 5, 3 * degree, np.uint32))
    column = place(np.concatenate([column[:-1], [4]]).astype(np.uint32))
    shift = place(rng.integers(0, 64, 3 * degree, np.uint8))
    bits = bits_between(place, rng, 40)
    expected = ldpc.ldpc_syndrome(row_start.tolist(), column.tolist(), shift.tolist(), bits)
    assert kernels.ldpc_syndrome(row_start, column, shift, bits) == expected


@pytest.mark.parametrize("degree", [1, 2, 5])
def test_ldpc_decode(level: str, place, rng: np.random.Generator, degree: int):
    """The last column is full of entries; the answer must be that without guards."""
    row_start = place(np.arange(0, 4 * degree, degree, np.uint32))
    column = place(np.tile(np.arange(5 - degree, 5, dtype=np.uint32), 3))
    shift = place(rng.integers(0, 64, 3 * degree, np.uint8))
    parts = [bits_between(place, rng, 40) for _ in range(3)]
    code = np.array(row_start), np.array(column), np.array(shift)
    syndrome = Bits.from_bytes(rng.bytes(24))
    copies = [Bits.from_bytes(part.to_bytes()) for part in parts]
    expected = kernels.ldpc_decode(*code, Belief(*copies, 12), tables(), syndrome, 5, 5)
    guarded_syndrome, belief = Bits(place(syndrome.packed), 192), Belief(*parts, 12)
    found = kernels.ldpc_decode(row_start, column, shift, belief, place(tables()), guarded_syndrome, 5, 5)
    assert found == expected
