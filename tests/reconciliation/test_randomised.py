import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.bits import Bits
from postproc.errors import InputError
from postproc.reconciliation.randomised import in_whole_words, random_words, without_filling
from postproc.reference.cascade import is_member


def test_the_generator_is_philox_as_published():
    """Known answer of Random123 (kat_vectors, philox4x64 10): counter 0, key 0; NumPy counts before it draws."""
    words = np.random.Philox(key=0, counter=2**256 - 1).random_raw(4)
    assert [f"{word:016x}" for word in words] == [
        "16554d9eca36314c", "db20fe9d672d0fdc", "d7e772cee186176b", "7e68b68aec7ba23b",
    ]  # fmt: skip


def test_any_difference_changes_half_of_the_subset_parities():
    subsets = random_words(bytes(16), 4000).tolist()
    odd = sum(sum(is_member(subset, i) for i in (3, 77, 78, 400)) % 2 for subset in subsets)
    assert abs(odd - 2000) < 5 * np.sqrt(1000)


@given(st.integers(0, 200))
def test_keys_fill_whole_words_and_come_back(n: int):
    key = Bits.from_array(np.arange(n) % 3 == 0)
    filled = in_whole_words(key)
    assert len(filled) == -(-n // 64) * 64
    assert filled.to_array()[:n].tolist() == key.to_array().tolist()
    assert filled.count() == key.count()
    assert without_filling(filled, n) == key


class _Long:
    """What a key too long to make looks like."""

    def __len__(self) -> int:
        return 2**31 + 1


def test_a_block_too_long_for_32_bit_positions_is_refused():
    with pytest.raises(InputError, match="blocks of up to 2\\^31 bits, got 2147483649"):
        in_whole_words(_Long())
