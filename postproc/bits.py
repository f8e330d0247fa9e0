"""Bit strings: packed, with an explicit length, and shy about their contents."""

from __future__ import annotations

from collections.abc import Iterable
from hmac import compare_digest
from typing import Any, NoReturn, final

import numpy as np
from numpy.typing import NDArray

from postproc.errors import InputError

Packed = NDArray[np.uint8]


@final
class Bits:
    """An immutable string of bits, eight to a byte.

    Bit *i* is ``packed[i >> 3] >> (i & 7) & 1`` (little, as ``numpy.packbits(bitorder="little")``);
    unused bits of the last byte are zero. Contents never show in a ``repr``, a pickle or JSON,
    because many bit strings here are key.

    Parameters
    ----------
    packed : array of uint8, shape (ceil(length / 8),)
        Copied only if it is writable.
    length : int
        Number of bits.

    Raises
    ------
    ValueError
        If the array is too short or too long for the length, or an unused bit is set.
    """

    __slots__ = ("_packed", "length")

    def __init__(self, packed: Packed, length: int) -> None:
        if packed.dtype != np.uint8 or packed.shape != ((length + 7) // 8,):
            raise ValueError(
                f"{length} bits need a uint8 array of shape ({(length + 7) // 8},), "
                f"got {packed.dtype} {packed.shape}"
            )
        if length % 8 and packed[-1] >> (length % 8):
            raise ValueError(f"bits beyond bit {length} of the last byte must be zero")
        if packed.flags.writeable or not packed.flags.c_contiguous:
            packed = packed.copy()
            packed.flags.writeable = False
        self._packed = packed
        self.length = length

    @classmethod
    def from_array(cls, bits: NDArray[Any]) -> Bits:
        """Pack an array of zeros and ones (any integer or bool dtype), shape (n,)."""
        return cls(np.packbits(bits.astype(bool, copy=False), bitorder="little"), len(bits))

    @classmethod
    def from_bytes(cls, data: bytes, length: int | None = None) -> Bits:
        """Take the first `length` bits (all by default) of bytes; what follows is masked off."""
        length = 8 * len(data) if length is None else length
        packed = np.frombuffer(data, np.uint8)[: (length + 7) // 8].copy()
        if length % 8:
            packed[-1] &= (1 << length % 8) - 1
        return cls(packed, length)

    @classmethod
    def zeros(cls, length: int) -> Bits:
        """Give a string of `length` zeros."""
        return cls(np.zeros((length + 7) // 8, np.uint8), length)

    @classmethod
    def join(cls, parts: Iterable[Bits]) -> Bits:
        """Concatenate."""
        arrays = [part.to_array() for part in parts]
        return cls.from_array(np.concatenate(arrays)) if arrays else cls.zeros(0)

    @property
    def packed(self) -> Packed:
        """The packed bytes, read-only."""
        return self._packed

    def to_array(self) -> NDArray[np.uint8]:
        """Unpack into zeros and ones, shape (length,)."""
        return np.unpackbits(self._packed, count=self.length, bitorder="little")

    def to_bytes(self) -> bytes:
        """Give the packed bytes."""
        return self._packed.tobytes()

    def select(self, mask: NDArray[np.bool_]) -> Bits:
        """Keep the bits where `mask` (shape (length,)) is true, in order."""
        return Bits.from_array(self.to_array()[mask])

    def slice(self, start: int, stop: int) -> Bits:
        """Bits `start` to `stop`, as Python slices count them."""
        start, stop, _ = slice(start, stop).indices(self.length)
        length, shift = max(stop - start, 0), start % 8
        spanned = self._packed[start // 8 :][: (shift + length + 7) // 8]
        moved = spanned >> np.uint8(shift)
        moved[:-1] |= spanned[1:] << np.uint8(8 - shift)  # a shift by 8 leaves nothing
        moved = moved[: (length + 7) // 8]
        if length % 8:
            moved[-1] &= (1 << length % 8) - 1
        return Bits(moved, length)

    def count(self) -> int:
        """Give the number of ones."""
        return int(np.bitwise_count(self._packed).sum())

    def __len__(self) -> int:
        return self.length

    def __xor__(self, other: Bits) -> Bits:
        if self.length != other.length:
            raise ValueError(f"cannot add {self.length} bits to {other.length}")
        return Bits(self._packed ^ other._packed, self.length)

    def __eq__(self, other: object) -> bool:
        """Compare without an early exit."""
        if not isinstance(other, Bits):
            return NotImplemented
        return self.length == other.length and compare_digest(self._packed.data, other._packed.data)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self.length} bits>"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("bit strings may be key and are not pickled")


def packed_bits(what: str, packed: Packed, length: int) -> Bits:
    """Take a bit string from outside.

    Raises
    ------
    InputError
        Naming `what`, if the array does not hold a string of this length.
    """
    try:
        return Bits(np.asarray(packed), length)
    except (ValueError, TypeError) as error:
        raise InputError(f"{what}: {error}") from None
