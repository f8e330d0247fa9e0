"""A secret in memory: it can be used, and neither shown, compared by accident, pickled nor written as JSON."""

from __future__ import annotations

import hmac
from typing import Any, NoReturn


class Secret:
    """Bytes that must not leak.

    Wiping is best effort: Python may have made copies on the way here. What is certain is that nothing shows
    the bytes that did not ask for them by :meth:`reveal`.

    Parameters
    ----------
    value : bytes-like
    """

    __slots__ = ("_value",)

    def __init__(self, value: bytes | bytearray | memoryview) -> None:
        self._value = bytearray(value)

    def reveal(self) -> bytes:
        """Give the bytes, at the place where they are used."""
        return bytes(self._value)

    def wipe(self) -> None:
        """Overwrite and forget the bytes."""
        self._value[:] = bytes(len(self._value))
        self._value.clear()

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value, other._value)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<secret {len(self)} B>"

    def __str__(self) -> NoReturn:
        raise TypeError("a secret has no text; use reveal() where its bytes are needed")

    def __format__(self, specification: str) -> NoReturn:
        raise TypeError("a secret has no text; use reveal() where its bytes are needed")

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("secrets are not pickled or copied")
