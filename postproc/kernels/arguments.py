"""What goes into C and what comes back: every array that C walks over passes through here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from postproc.bits import Bits, Packed
from postproc.errors import InputError
from postproc.kernels.dispatch import ffi

if TYPE_CHECKING:
    from postproc._kernels import Pointer

_C_TYPES = {
    "|u1": "uint8_t[]",
    "<u4": "uint32_t[]",
    "<u8": "uint64_t[]",
    "<i4": "int32_t[]",
    "<i8": "int64_t[]",
    "<f8": "double[]",
}


def vector(array: NDArray[Any], dtype: DTypeLike, name: str) -> NDArray[Any]:
    """Check what C is about to walk over; copy only if it is strided or misaligned.

    Raises
    ------
    InputError
        If it is not a one-dimensional array of that type.
    """
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != 1:
        got = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise InputError(f"{name} must be a one-dimensional array of {np.dtype(dtype)}, got {got}")
    straight = array.flags.c_contiguous and array.flags.aligned
    return array if straight else np.require(array, requirements=["C", "A"])


def room(length: int, dtype: DTypeLike) -> NDArray[Any]:
    """Make an array for C to fill."""
    return np.empty(length, dtype)


def room_for_bits(length: int) -> Packed:
    """Make the bytes for `length` bits, for C to fill."""
    return room((length + 7) // 8, np.uint8)


def as_bits(packed: Packed, length: int) -> Bits:
    """Take what C has filled, without a copy."""
    packed.flags.writeable = False
    return Bits(packed, length)


def to_read(array: NDArray[Any]) -> Pointer:
    """Point C to an array that it only reads."""
    return ffi.from_buffer(_C_TYPES[array.dtype.str], array)


def to_fill(array: NDArray[Any]) -> Pointer:
    """Point C to an array that it fills."""
    return ffi.from_buffer(_C_TYPES[array.dtype.str], array, require_writable=True)


def byte_pointers(count: int) -> Any:
    """Make an array of pointers to bytes, all NULL; who sets one keeps alive what it points to."""
    return ffi.new("uint8_t *[]", count)


def numbers(count: int) -> Any:
    """Make an array of 32-bit numbers, all 0, for C and Python to fill."""
    return ffi.new("uint32_t[]", count)


def numbers_from(array: Any, count: int) -> list[int]:
    """Give its first `count` numbers."""
    found: list[int] = ffi.unpack(array, count)
    return found


def bytes_to_fill(count: int) -> Any:
    """Make room for bytes, for C to fill; they come out by :func:`bytes_from`."""
    # The length is no part of the type: every type that was ever named is kept.
    return ffi.new("uint8_t[]", count)


def bytes_from(pointer: Any, count: int) -> bytes:
    """Copy bytes that C has filled."""
    return bytes(ffi.buffer(pointer, count))
