"""Messages that no honest party would send: one field of a true message replaced by something else."""

from __future__ import annotations

import msgspec
import numpy as np
from hypothesis import strategies as st

from postproc.conversation.frames import pack, unpack

_ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -1, 2**31, 2**61, 2**61 + 1, 2**63 - 1, -(2**63), 2**64 - 1]),
    st.floats(),
    st.text(max_size=5),
    st.just("x" * 100_000),
    st.binary(max_size=20),
    st.lists(st.integers(), max_size=3),
    st.builds(msgspec.msgpack.Ext, st.integers(-128, 127), st.binary(max_size=64)),
)
_VALUES = st.sampled_from([0, 1, -1, 7, 10**6, 2**31, 2**32 - 1, 2**62, 2**63 - 1, -(2**63)])


@st.composite
def altered(draw, payload: bytes) -> bytes:
    """A payload with one field altered, dropped, doubled or swapped."""
    fields = msgspec.msgpack.decode(payload)
    place = draw(st.integers(0, len(fields) - 1))
    match draw(st.sampled_from(["alter", "alter", "alter", "replace", "drop", "double", "swap"])):
        case "alter":
            fields[place] = draw(_alterations(fields[place]))
        case "replace":
            fields[place] = draw(_ANYTHING)
        case "drop":
            del fields[place]
        case "double":
            fields.insert(place, fields[place])
        case "swap":
            other = draw(st.integers(0, len(fields) - 1))
            fields[place], fields[other] = fields[other], fields[place]
    return msgspec.msgpack.encode(fields)


def _alterations(field) -> st.SearchStrategy:
    if isinstance(field, bool):
        return st.just(not field)
    if isinstance(field, int):
        return st.one_of(_VALUES, st.integers(-3, 3).map(lambda by: field + by))
    if isinstance(field, msgspec.msgpack.Ext):
        return _extensions(field)
    return _ANYTHING


@st.composite
def _extensions(draw, field) -> msgspec.msgpack.Ext:
    """An array or bit string of another length, order, value or type."""
    data, code = bytes(field.data), field.code
    widths = {16: np.uint8, 17: np.uint16, 18: np.uint32, 19: np.uint64, 20: np.int32, 21: np.int64}
    if code not in widths or draw(st.integers(0, 3)) == 0:
        kept = draw(st.integers(0, len(data)))
        return draw(
            st.sampled_from(
                [
                    msgspec.msgpack.Ext(code, data[:kept]),
                    msgspec.msgpack.Ext(code, data + bytes([255])),
                    msgspec.msgpack.Ext(draw(st.integers(0, 30)), data),
                    msgspec.msgpack.Ext(code, bytes(len(data))),
                    msgspec.msgpack.Ext(code, bytes([255]) * len(data)),
                ]
            )
        )
    array = np.frombuffer(data, widths[code]).copy()
    if len(array) == 0 or draw(st.booleans()):
        array = draw(
            st.sampled_from([array[::-1], array[:-1], np.repeat(array, 2), array[:0], np.sort(array)[::-1]])
        )
    else:
        for _ in range(draw(st.integers(1, 3))):
            value = draw(_VALUES)
            array[draw(st.integers(0, len(array) - 1))] = np.array(value & (2**64 - 1), np.uint64).astype(
                widths[code]
            )
    return msgspec.msgpack.Ext(code, array.tobytes())


class Liar:
    """A wire on which the n-th frame of a sender becomes what `lie` makes of its payload."""

    def __init__(self, sender, frame, lie) -> None:
        self._sender, self._frame, self._lie = sender, frame, lie
        self._seen = 0
        self.told = False

    def __call__(self, sender, data):
        if sender == self._sender:
            self._seen += 1
            if self._seen - 1 == self._frame:
                self.told = True
                frame = unpack(data)
                return (pack(msgspec.structs.replace(frame, payload=self._lie(frame.payload))),)
        return (data,)
