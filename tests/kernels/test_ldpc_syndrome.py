from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc import kernels
from postproc.bits import Bits
from postproc.errors import InputError
from postproc.reference import ldpc as reference

Code = tuple[np.ndarray, np.ndarray, np.ndarray]


def random_code(rng: np.random.Generator, rows: int, columns: int, largest_degree: int) -> Code:
    degrees = rng.integers(0, largest_degree + 1, rows)
    row_start = np.concatenate([[0], np.cumsum(degrees)]).astype(np.uint32)
    entries = int(degrees.sum())
    return row_start, rng.integers(0, columns, entries, np.uint32), rng.integers(0, 64, entries, np.uint8)


def check(code: Code, bits: Bits) -> None:
    expected = reference.ldpc_syndrome(*(part.tolist() for part in code), bits)
    assert kernels.ldpc_syndrome(*code, bits) == expected


@pytest.mark.parametrize(("rows", "columns", "largest_degree"), [(1, 1, 3), (7, 20, 9), (30, 100, 40)])
def test_agrees_with_the_oracle(
    level: str,
    rng: np.random.Generator,
    random_bits: Callable[[int], Bits],
    rows: int,
    columns: int,
    largest_degree: int,
):
    check(random_code(rng, rows, columns, largest_degree), random_bits(64 * columns))


@given(st.integers(0, 6), st.integers(1, 12), st.integers(0, 20), st.integers(0, 2**32))
@settings(deadline=None, max_examples=60)
def test_every_level_agrees_with_the_oracle(rows: int, columns: int, largest_degree: int, entropy: int):
    rng = np.random.default_rng(entropy)
    code, bits = random_code(rng, rows, columns, largest_degree), Bits.from_bytes(rng.bytes(8 * columns))
    for level in kernels.levels():
        with kernels.forced(level):
            check(code, bits)


@pytest.mark.parametrize("shift", range(64))
def test_each_shift(level: str, shift: int):
    first = Bits.from_array(np.arange(64) == 0)
    syndrome = kernels.ldpc_syndrome(*one_entry(0, shift), first)
    assert np.flatnonzero(syndrome.to_array()).tolist() == [-shift % 64]


def one_entry(column: int, shift: int) -> Code:
    return np.array([0, 1], np.uint32), np.array([column], np.uint32), np.array([shift], np.uint8)


@pytest.mark.parametrize("offset", range(8))
def test_any_alignment(level: str, rng: np.random.Generator, offset: int):
    memory = np.frombuffer(rng.bytes(8 * 20 + 8), np.uint8)
    check(random_code(rng, 9, 20, 12), Bits(memory[offset : offset + 160], 1280))


def test_a_code_without_rows_or_bits(level: str):
    none = np.zeros(0, np.uint32)
    assert len(kernels.ldpc_syndrome(np.zeros(1, np.uint32), none, none.astype(np.uint8), Bits.zeros(0))) == 0


def test_a_column_beyond_the_bits_is_refused(level: str):
    with pytest.raises(InputError, match="entry 0 of the code has column 2, but the bits have 2 blocks"):
        kernels.ldpc_syndrome(*one_entry(2, 0), Bits.zeros(128))


def test_a_shift_beyond_the_lifting_size_is_refused(level: str):
    with pytest.raises(InputError, match="entry 0 of the code has shift 64"):
        kernels.ldpc_syndrome(*one_entry(1, 64), Bits.zeros(128))


@pytest.mark.parametrize("row_start", [[1, 1], [0, 2], [0, 0], [0, 1, 0, 1], [0, 2**32 - 1, 1]])
def test_rows_that_do_not_ascend_to_the_end_are_refused(level: str, row_start: list[int]):
    _, column, shift = one_entry(0, 0)
    with pytest.raises(InputError, match="row_start must ascend from 0 to the number of entries, 1"):
        kernels.ldpc_syndrome(np.array(row_start, np.uint32), column, shift, Bits.zeros(64))


@pytest.mark.parametrize(("rows", "shifts", "n_bits"), [(0, 1, 64), (2, 2, 64), (2, 1, 63)])
def test_parts_that_do_not_fit_each_other_are_refused(rows: int, shifts: int, n_bits: int):
    code = np.zeros(rows, np.uint32), np.zeros(1, np.uint32), np.zeros(shifts, np.uint8)
    with pytest.raises(InputError, match="a syndrome takes at least 1 row_start"):
        kernels.ldpc_syndrome(*code, Bits.zeros(n_bits))


def test_other_types_are_refused():
    row_start, column, shift = one_entry(0, 0)
    with pytest.raises(
        InputError, match=r"column must be a one-dimensional array of uint32, got int64 \(1,\)"
    ):
        kernels.ldpc_syndrome(row_start, column.astype(np.int64), shift, Bits.zeros(64))
