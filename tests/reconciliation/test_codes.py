"""The family of codes: what its users rely on, and that the tool makes it again."""

import io
import json
from importlib.resources import files
from itertools import combinations

import galois
import numpy as np
import pytest

from postproc.bits import Bits
from postproc.reconciliation.codes.code import Code
from postproc.reconciliation.codes.design import OTHER_SEEDS, SEED, design, main, sizes
from postproc.reconciliation.codes.ensemble import column_degrees
from postproc.reconciliation.codes.library import library, read, write

CODES = {code.name: code for code in library()}
SMALL = [name for name, code in CODES.items() if code.n_columns <= 72]


def rows_of(code: Code) -> np.ndarray:
    return np.repeat(np.arange(code.n_rows), np.diff(code.row_start))


def parity_checks(code: Code) -> np.ndarray:
    """The parity-check matrix, from the definition of the syndrome."""
    matrix = np.zeros((code.checks, code.length), np.uint8)
    for row, column, shift in zip(rows_of(code), code.column, code.shift, strict=True):
        for r in range(64):
            matrix[64 * row + r, 64 * column + (r + shift) % 64] ^= 1
    return matrix


def rank(matrix: np.ndarray) -> int:
    return int(np.linalg.matrix_rank(galois.GF(2)(matrix)))


def test_the_family_spans_lengths_and_rates():
    assert [(code.n_columns, code.n_rows) for code in library()] == sizes()
    assert {code.n_columns for code in library()} >= {36, 72, 144, 288, 1152}
    for columns in (36, 1152):
        shares = [code.n_rows / columns for code in library() if code.n_columns == columns]
        assert min(shares) < 0.15
        assert max(shares) > 0.55


def test_it_is_small():
    path = files("postproc.reconciliation.codes")
    assert sum(len((path / name).read_bytes()) for name in ("codes.npz", "codes.json")) < 900_000


@pytest.mark.parametrize("name", CODES)
def test_a_column_meets_a_row_once(name: str):
    code = CODES[name]
    pairs = rows_of(code).astype(int) * code.n_columns + code.column
    assert (np.diff(pairs) > 0).all()
    assert code.shift.max() < 64


@pytest.mark.parametrize("name", CODES)
def test_puncturable_columns_share_no_row(name: str):
    """So that each punctured bit meets checks of its own, and hides one syndrome bit: full column rank."""
    code = CODES[name]
    rows = rows_of(code)[code.column < code.n_puncturable]
    assert len(rows) == 2 * code.n_puncturable
    assert len(set(rows.tolist())) == len(rows)


@pytest.mark.parametrize("name", SMALL[::4])
def test_galois_finds_full_rank_in_the_punctured_columns(name: str):
    code = CODES[name]
    matrix = parity_checks(code)[:, : code.max_punctured]
    assert rank(matrix) == code.max_punctured
    some = np.random.default_rng(1).permutation(code.max_punctured)[:100]
    assert rank(matrix[:, some]) == len(some)


@pytest.mark.parametrize("name", SMALL[::6])
def test_the_syndrome_is_the_matrix_product(name: str):
    code = CODES[name]
    x = np.random.default_rng(2).integers(0, 2, code.length)
    expected = Bits.from_array(parity_checks(code) @ x % 2)
    assert code.syndrome(Bits.from_array(x)) == expected


@pytest.mark.parametrize("name", CODES)
def test_columns_of_degree_2_close_no_cycle(name: str):
    """Edges between rows that make a forest: following them never comes back."""
    code = CODES[name]
    root = list(range(code.n_rows))

    def find(row: int) -> int:
        return row if root[row] == row else find(root[row])

    by_column = [rows_of(code)[code.column == column] for column in range(code.n_columns)]
    for first, second in (rows for rows in by_column if len(rows) == 2):
        assert find(int(first)) != find(int(second))
        root[find(int(first))] = find(int(second))


@pytest.mark.parametrize("name", [name for name, code in CODES.items() if code.n_columns == 144])
def test_cycles_of_length_4_spare_the_columns_of_low_degree(name: str):
    """Two columns that share two rows do so with different shifts between them; only the heaviest may not."""
    code = CODES[name]
    base = np.full((code.n_rows, code.n_columns), -1)
    base[rows_of(code), code.column] = code.shift
    light = (base >= 0).sum(axis=0) < 8
    for first, second in combinations(base, 2):
        shared = (first >= 0) & (second >= 0)
        relative = (first - second) % 64
        counts = np.bincount(relative[shared], minlength=64)
        assert (counts[relative[shared & light]] == 1).all()


@pytest.mark.parametrize(("n_rows", "n_columns"), [(5, 36), (21, 36), (24, 144), (500, 1000)])
def test_degrees(n_rows: int, n_columns: int):
    degrees = column_degrees(n_rows, n_columns)
    assert len(degrees) == n_columns
    assert (np.diff(degrees) >= 0).all()
    assert np.count_nonzero(degrees == 2) <= n_rows - 1
    assert degrees.max() <= min(n_rows, 20)


@pytest.mark.parametrize("name", [*SMALL[::5], "18x108"])
def test_the_tool_makes_the_same_code_again(name: str):
    code = CODES[name]
    again = design(code.n_rows, code.n_columns)
    assert again.n_puncturable == code.n_puncturable
    for part in ("row_start", "column", "shift"):
        assert np.array_equal(getattr(again, part), getattr(code, part))


def test_the_command_writes_codes_and_lineage(tmp_path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setattr("sys.argv", ["design", str(tmp_path), "--columns", "36"])
    main()
    with (tmp_path / "codes.npz").open("rb") as file:
        made = list(read(file))
    assert [code.name for code in made] == [name for name, code in CODES.items() if code.n_columns == 36]
    assert all(np.array_equal(code.shift, CODES[code.name].shift) for code in made)
    assert json.loads((tmp_path / "codes.json").read_text())["seed"] == SEED
    assert capsys.readouterr().out.splitlines()[0] == f"{made[0].name}: {len(made[0].shift)} entries"


def test_the_lineage_says_how_it_was_made():
    lineage = json.loads((files("postproc.reconciliation.codes") / "codes.json").read_text())
    assert lineage["seed"] == SEED
    assert lineage["codes"] == list(CODES)
    assert lineage["other_seeds"] == {
        f"{rows}x{columns}": seed for (rows, columns), seed in OTHER_SEEDS.items()
    }


def test_codes_survive_writing_and_reading(tmp_path):
    some = [CODES[name] for name in SMALL[:3]]
    write(tmp_path / "codes.npz", some)
    again = list(read(io.BytesIO((tmp_path / "codes.npz").read_bytes())))
    assert [code.name for code in again] == SMALL[:3]
    for before, after in zip(some, again, strict=True):
        assert np.array_equal(before.column, after.column)
        assert after.column.dtype == after.row_start.dtype == np.uint32
