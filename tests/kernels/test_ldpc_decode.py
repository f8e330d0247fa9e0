import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc import kernels
from postproc.bits import Bits
from postproc.errors import InputError
from postproc.kernels import Belief
from postproc.reconciliation.ldpc.quantiser import ratio_of, tables
from postproc.reference.ldpc_decode import Decoder as Oracle

Code = tuple[np.ndarray, np.ndarray, np.ndarray]


def random_code(rng: np.random.Generator, rows: int, columns: int, degree: int) -> Code:
    """Every column in `degree` different rows."""
    members = sorted((int(row), c) for c in range(columns) for row in rng.permutation(rows)[:degree])
    row_start = np.searchsorted([row for row, _ in members], np.arange(rows + 1)).astype(np.uint32)
    column = np.array([c for _, c in members], np.uint32)
    return row_start, column, rng.integers(0, 64, len(members), np.uint8)


def noisy_word(rng: np.random.Generator, code: Code, columns: int, error_rate: float, some: int = 0):
    """Bits, what is believed of them (of `some` nothing, of as many all), and their syndrome."""
    x = rng.integers(0, 2, 64 * columns).astype(np.uint8)
    y = x ^ (rng.random(len(x)) < error_rate)
    unknown, known = np.arange(len(x)) < some, np.arange(len(x))[::-1] < some
    y[known] = x[known]
    parts = (Bits.from_array(part) for part in (y, known, unknown))
    return Bits.from_array(x), Belief(*parts, ratio_of(error_rate)), syndrome_of(code, x)


def syndrome_of(code: Code, x: np.ndarray) -> Bits:
    return kernels.ldpc_syndrome(*code, Bits.from_array(x))


def ratios_of(belief: Belief) -> list[int]:
    y, known, unknown = (part.to_array() for part in (belief.bits, belief.known, belief.unknown))
    magnitude = np.where(known, 127, np.where(unknown, 0, belief.ratio))
    return (magnitude * (1 - 2 * y.astype(int))).tolist()


def oracle_of(code: Code, belief: Belief) -> Oracle:
    return Oracle(*(part.tolist() for part in code), ratios_of(belief))


@given(
    st.integers(1, 4), st.integers(1, 6), st.integers(1, 9), st.floats(0.001, 0.3), st.integers(0, 60),
    st.sampled_from([0, 2, 9, 30]), st.integers(0, 2**32),
)  # fmt: skip
@settings(deadline=None, max_examples=15)
def test_all_levels_do_what_the_oracle_does(rows, columns, degree, error_rate, some, patience, entropy):
    rng = np.random.default_rng(entropy)
    code = random_code(rng, rows, columns, degree)
    _, belief, syndrome = noisy_word(rng, code, columns, error_rate, some)
    limits = tables(), syndrome, 7, patience
    expected = oracle_of(code, belief).run(tables().tolist(), *limits[1:])
    for level in kernels.levels():
        with kernels.forced(level):
            assert kernels.ldpc_decode(*code, belief, *limits) == expected


@given(st.integers(1, 4), st.integers(1, 6), st.floats(0.001, 0.3), st.integers(0, 2**32))
@settings(deadline=None, max_examples=10)
def test_another_run_goes_on_and_another_frame_begins_anew(rows, columns, error_rate, entropy):
    rng = np.random.default_rng(entropy)
    code = random_code(rng, rows, columns, 3)
    _, belief, syndrome = noisy_word(rng, code, columns, error_rate)
    oracle = oracle_of(code, belief)
    expected = [oracle.run(tables().tolist(), syndrome, *limits) for limits in ((3, 2), (4, 9))]
    for level in kernels.levels():
        with kernels.forced(level):
            decoder = kernels.LdpcDecoder(*code, columns)
            for _ in range(2):
                decoder.start(belief)
                assert [decoder.run(tables(), syndrome, *limits) for limits in ((3, 2), (4, 9))] == expected


def test_a_decoder_takes_only_bits_of_its_code():
    decoder = kernels.LdpcDecoder(*SOUND, 2)
    with pytest.raises(InputError, match="the code is for 128 bits, a multiple of 64 bits, got 64"):
        decoder.start(belief_of(64))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("some", [0, 30])
def test_errors_are_corrected(level: str, seed: int, some: int):
    rng = np.random.default_rng(seed)
    code = random_code(rng, 8, 16, 3)
    x, belief, syndrome = noisy_word(rng, code, 16, 0.04, some)
    bits, sweeps = kernels.ldpc_decode(*code, belief, tables(), syndrome, 30, 10)
    assert bits == x
    assert 1 < sweeps < 20


@pytest.mark.parametrize("seed", range(3))
def test_what_cannot_be_decoded_is_told(level: str, seed: int):
    rng = np.random.default_rng(seed)
    code = random_code(rng, 4, 16, 3)
    _, belief, syndrome = noisy_word(rng, code, 16, 0.2)
    bits, sweeps = kernels.ldpc_decode(*code, belief, tables(), syndrome, 10, 10)
    assert sweeps == 0
    assert kernels.ldpc_syndrome(*code, bits) != syndrome


@pytest.mark.parametrize("sweeps", [5, 40])
def test_without_patience_all_sweeps_are_made(level: str, sweeps: int):
    rng = np.random.default_rng(1)
    code = random_code(rng, 8, 16, 3)
    x, belief, syndrome = noisy_word(rng, code, 16, 0.02)
    assert kernels.ldpc_decode(*code, belief, tables(), syndrome, sweeps, 0) == (x, sweeps)


def test_known_bits_settle_the_others(level: str):
    code = np.array([0, 2], np.uint32), np.array([0, 1], np.uint32), np.array([0, 5], np.uint8)
    x = Bits.from_bytes(bytes(range(100, 116)), 128)
    first, second = (Bits.from_bytes(part) for part in (b"\xff" * 8 + bytes(8), bytes(8) + b"\xff" * 8))
    seen = Bits(x.packed & first.packed, 128)
    belief = Belief(seen, first, second, 10)
    assert kernels.ldpc_decode(*code, belief, tables(), kernels.ldpc_syndrome(*code, x), 3, 3)[0] == x


def test_a_code_without_rows_keeps_the_bits(level: str):
    none = np.zeros(0, np.uint32)
    bits = Bits.from_bytes(b"\x5a" * 8)
    belief = Belief(bits, Bits.zeros(64), Bits.zeros(64), 5)
    code = np.zeros(1, np.uint32), none, none.astype(np.uint8)
    assert kernels.ldpc_decode(*code, belief, tables(), Bits.zeros(0), 5, 5) == (bits, 1)


SOUND = np.array([0, 1], np.uint32), np.array([1], np.uint32), np.array([63], np.uint8)


def belief_of(length: int) -> Belief:
    return Belief(Bits.zeros(length), Bits.zeros(length), Bits.zeros(length), 5)


@pytest.mark.parametrize(
    ("code", "length", "syndrome_bits", "sweeps", "complaint"),
    [
        (SOUND, 127, 64, 5, "a multiple of 64 bits"),
        (SOUND, 128, 63, 5, "64 syndrome bits for each row"),
        (SOUND, 128, 64, 0, "1 to 10000 sweeps and 0 to 10000 patience, got 0, 9"),
        ((SOUND[0], SOUND[1] + 1, SOUND[2]), 128, 64, 5, "entry 0 of the code has column 2"),
        ((SOUND[0], SOUND[1], SOUND[2] + 1), 128, 64, 5, "entry 0 of the code has shift 64"),
        ((SOUND[0][::-1], SOUND[1], SOUND[2]), 128, 64, 5, "row_start must ascend"),
    ],
)
def test_bad_input_gets_one_sentence(level, code, length, syndrome_bits, sweeps, complaint):
    code = code[0], code[1].astype(np.uint32), code[2].astype(np.uint8)
    with pytest.raises(InputError, match=complaint):
        kernels.ldpc_decode(*code, belief_of(length), tables(), Bits.zeros(syndrome_bits), sweeps, 9)


def test_tables_of_another_size_are_refused():
    with pytest.raises(InputError, match="tables have 1536 bytes, got 1535"):
        kernels.ldpc_decode(*SOUND, belief_of(128), tables()[:-1], Bits.zeros(64), 5, 5)


@pytest.mark.parametrize(("entry", "value"), [(4 * 128, 57), (5 * 128 - 1, 1), (12 * 128 - 1, 1)])
def test_tables_that_could_overflow_are_refused(entry: int, value: int):
    given = tables().copy()
    given[entry] = value
    with pytest.raises(InputError, match="inverse tables go up to 56 and end in 0"):
        kernels.ldpc_decode(*SOUND, belief_of(128), given, Bits.zeros(64), 5, 5)


def path_code(rng: np.random.Generator, rows: int, columns: int) -> Code:
    """Columns of degree 2 join all rows in one path; each of the others is in three rows."""
    path = [(row, c) for c in range(rows - 1) for row in (c, c + 1)]
    rest = [(int(row), c) for c in range(rows - 1, columns) for row in rng.permutation(rows)[:3]]
    members = sorted(path + rest)
    row_start = np.searchsorted([row for row, _ in members], np.arange(rows + 1)).astype(np.uint32)
    column = np.array([c for _, c in members], np.uint32)
    return row_start, column, rng.integers(0, 64, len(members), np.uint8)


def test_a_run_of_errors_on_the_path_is_corrected(level: str):
    """So many wrong bits one after the other hold each other in place, until initial ratios are reduced."""
    rng = np.random.default_rng(0)
    code = path_code(rng, 40, 80)
    row_start, column, shift = code
    x, bit, wrong = rng.integers(0, 2, 64 * 80).astype(np.uint8), 5, []
    for c in range(2, 8):
        wrong.append(64 * c + bit)
        entries = [e for e in range(row_start[c + 1], row_start[c + 2]) if column[e] in (c, c + 1)]
        here, there = (int(shift[e]) for e in entries)
        bit = (bit - here + there) % 64
    y = x.copy()
    y[wrong] ^= 1
    nothing = Bits.zeros(len(x))
    belief = Belief(Bits.from_array(y), nothing, nothing, ratio_of(0.03))
    limits = tables(), syndrome_of(code, x), 40, 10
    bits, sweeps = kernels.ldpc_decode(*code, belief, *limits)
    assert bits == Bits.from_array(x)
    assert sweeps > 5
    if level == kernels.levels()[-1]:
        assert oracle_of(code, belief).run(tables().tolist(), *limits[1:]) == (bits, sweeps)


@pytest.mark.parametrize(("known", "ratio"), [(64, 5), (128, -1), (128, 128)])
def test_beliefs_must_be_consistent(known: int, ratio: int):
    with pytest.raises(InputError, match="three bit strings of one length and a ratio of 0 to 127"):
        Belief(Bits.zeros(128), Bits.zeros(known), Bits.zeros(128), ratio)
