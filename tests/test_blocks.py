"""What a party holds never shows in text."""

import numpy as np
import pytest

from postproc.bits import Bits
from postproc.blocks import BoundedBlock, ClickBlock, SiftedBlock, StateBlock
from postproc.conversation.record import BlockRecord
from postproc.estimation import Bound, Epsilon
from postproc.secretsink import SecretKey
from postproc.timetags.types import StateChunk, TagChunk

RECORD = BlockRecord(bytes(16), 1)
TIMES = np.array([7777777, 8888888])
PLANTED = np.array([111, 222], np.uint8)
SECRET = Bits.from_bytes(b"planted secret")

HOLDERS = [
    TagChunk(0, 10**7, TIMES, PLANTED),
    StateChunk(0, PLANTED),
    ClickBlock(RECORD, 0, 10**7, TIMES, PLANTED),
    StateBlock(RECORD, 0, PLANTED),
    SiftedBlock(RECORD, SECRET, np.zeros(112, np.uint8), SECRET, np.zeros(112, np.uint8)),
    BoundedBlock(RECORD, SECRET, Bound(10, Epsilon(1e-10, 1e-10), {})),
]


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: type(holder).__name__)
def test_key_material_is_not_printed(holder):
    for text in (repr(holder), str(holder), repr([holder])):
        for leak in ("7777777", "8888888", "111", "222", "planted", SECRET.to_bytes().hex()):
            assert leak not in text


def test_secret_keys_are_not_printed():
    fields = dict.fromkeys(SecretKey.__struct_fields__, 0)
    key = SecretKey(**{**fields, "bits": SECRET, "refill": {"alice": b"planted", "bob": b""}})
    assert "planted" not in repr(key)
