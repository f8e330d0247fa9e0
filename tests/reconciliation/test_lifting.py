"""Lifted codes keep what their users rely on."""

import numpy as np
import pytest

from postproc.bits import Bits
from postproc.reconciliation.codes.library import library
from postproc.reconciliation.codes.lifting import lifted
from postproc.reconciliation.ldpc.plan import plan

CODE = next(code for code in library() if code.name == "24x144")


@pytest.mark.parametrize("factor", [2, 4, 16])
def test_all_copies_together_are_the_code(factor: int):
    """A word repeated in every copy has the code's own syndrome in every copy."""
    word = np.random.default_rng(factor).integers(0, 2**64, CODE.n_columns, dtype=np.uint64)
    syndrome = CODE.syndrome(Bits(word.view(np.uint8), CODE.length)).packed.view(np.uint64)
    long = lifted(CODE, factor)
    repeated = np.repeat(word, factor)
    found = long.syndrome(Bits(repeated.view(np.uint8), long.length)).packed.view(np.uint64)
    assert found.tolist() == np.repeat(syndrome, factor).tolist()


@pytest.mark.parametrize("factor", [2, 16])
def test_puncturable_columns_still_share_no_row(factor: int):
    long = lifted(CODE, factor)
    rows = np.repeat(np.arange(long.n_rows), np.diff(long.row_start))[long.column < long.n_puncturable]
    assert len(rows) == 2 * long.n_puncturable == len(set(rows.tolist()))


def test_copies_are_not_merely_side_by_side():
    long = lifted(CODE, 4)
    entries = slice(*long.row_start[:2])
    assert len(set((long.column[entries] % 4).tolist())) > 1


def test_lifting_is_the_same_every_time_and_by_one_is_nothing():
    assert lifted(CODE, 1) is CODE
    first = lifted(CODE, 8).column.tolist()
    lifted.cache_clear()
    assert lifted(CODE, 8).column.tolist() == first


def test_long_blocks_get_long_frames_where_bits_count():
    plans = plan(2**20, 0.02, "efficient"), plan(2**20, 0.05, "efficient"), plan(2**20, 0.02, "fast")
    assert [len(each.payload_words) for each in plans] == [1, 1, 16]
