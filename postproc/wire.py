"""Encoding of everything that leaves a process: to the peer, or to the next stage.

MessagePack through msgspec: typed, bounded, never pickle. Arrays travel as extension types with a dtype
from a fixed list, ascending ones perhaps in few bits, and come back read-only; bit strings as an extension
with their exact length.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, get_args

import msgspec
import numpy as np

from postproc.ascending import pack_ascending, unpack_ascending
from postproc.bits import Bits

_BITS = 1
_DTYPE_OF_CODE: dict[int, np.dtype[Any]] = {
    16: np.dtype(np.uint8),
    17: np.dtype("<u2"),
    18: np.dtype("<u4"),
    19: np.dtype("<u8"),
    20: np.dtype("<i4"),
    21: np.dtype("<i8"),
}
_DTYPE_OF_COMPACT: dict[int, np.dtype[Any]] = {32: np.dtype("<u4"), 33: np.dtype("<i8")}
_COMPACT_CODE = {dtype: code for code, dtype in _DTYPE_OF_COMPACT.items()}
_CODE_OF_DTYPE = {dtype: code for code, dtype in _DTYPE_OF_CODE.items()}


def encode(value: msgspec.Struct, *, compact: bool = False) -> bytes:
    """Encode a struct; its arrays are one-dimensional and of the listed dtypes.

    With `compact`, arrays of ascending integers take fewer bytes, and more time.

    Raises
    ------
    TypeError
        If it holds anything that does not travel.
    """
    return (_COMPACT_ENCODER if compact else _ENCODER).encode(value)


def decode(data: bytes, kind: Any) -> Any:
    """Decode what should be a struct of type `kind`, or of one of a union of tagged types.

    Raises
    ------
    ValueError
        If the bytes are anything else; says what was expected and where.
    """
    try:
        return _decoder(kind).decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ValueError(str(error)) from None


def _encode_extension(value: Any) -> Any:
    if isinstance(value, Bits):
        return msgspec.msgpack.Ext(_BITS, value.length.to_bytes(8, "little") + value.to_bytes())
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype in _CODE_OF_DTYPE:
        return msgspec.msgpack.Ext(_CODE_OF_DTYPE[value.dtype], value.tobytes())
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"cannot send a {type(value).__name__}")


def _encode_compactly(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype in _COMPACT_CODE:
        packed = pack_ascending(value)
        if packed is not None:
            return msgspec.msgpack.Ext(_COMPACT_CODE[value.dtype], packed)
    return _encode_extension(value)


def _decode_extension(code: int, data: memoryview) -> Any:
    if code == _BITS:
        length = int.from_bytes(data[:8], "little")
        if len(data) < 8 or len(data) - 8 != (length + 7) // 8:
            raise ValueError(f"a bit string of {length} bits came in {len(data)} bytes")
        return Bits(np.frombuffer(bytes(data[8:]), np.uint8), length)
    if code in _DTYPE_OF_CODE:
        return np.frombuffer(bytes(data), dtype=_DTYPE_OF_CODE[code])
    if code in _DTYPE_OF_COMPACT:
        values = unpack_ascending(bytes(data), _DTYPE_OF_COMPACT[code])
        values.flags.writeable = False
        return values
    raise ValueError(f"unknown extension type {code}")


def _accept_extension(kind: Any, value: Any) -> Any:
    """Hold a decoded array or bit string against the field's annotation."""
    if kind is Bits and isinstance(value, Bits):
        return value
    if isinstance(value, np.ndarray) and kind is not Bits and value.dtype == _dtype_of(kind):
        return value
    raise ValueError(f"expected {kind}, got {type(value).__name__}")


@lru_cache(maxsize=64)
def _dtype_of(kind: Any) -> np.dtype[Any]:
    """Give the dtype that an annotation of an array names."""
    (scalar,) = get_args(get_args(kind)[1])
    dtype: np.dtype[Any] = np.dtype(scalar)
    return dtype


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_encode_extension)
_COMPACT_ENCODER = msgspec.msgpack.Encoder(enc_hook=_encode_compactly)


@lru_cache(maxsize=64)
def _decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(kind, dec_hook=_accept_extension, ext_hook=_decode_extension)
