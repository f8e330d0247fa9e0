"""Whatever stands in a request, it is read or refused in the standard's way."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from qkdctl.kme.messages import read_query
from qkdctl.kme.refusal import Refusal

NUMBERS = st.integers(-(10**10) + 1, 10**10 - 1)


@given(NUMBERS, NUMBERS)
def test_whole_numbers_are_read(number, size):
    wanted = read_query({"number": str(number), "size": str(size)})
    assert (wanted.number, wanted.size) == (number, size)


@given(st.sampled_from(["number", "size"]), st.text() | st.text("-0123456789²٣ _+"))
@example("number", "--5")
@example("size", "²")
@example("size", "9" * 5000)
def test_any_other_text_is_refused(name, text):
    digits = text.removeprefix("-")
    assume(not (digits.isascii() and digits.isdigit() and len(digits) <= 10))
    with pytest.raises(Refusal, match="expected a whole number") as refused:
        read_query({name: text})
    assert refused.value.status == 400
