"""A pre-shared key and its parts.

::

    16 bytes   its name, which is said in the open
    16 bytes   hash key r for Alice's words
    16 bytes   hash key r for Bob's words
    16 bytes   one-time key 0 for Alice's words
    16 bytes   one-time key 0 for Bob's words
    ...        and so on, alternately; what fills no pair at the end stays unused
"""

from __future__ import annotations

from typing import NamedTuple

from postproc.errors import InputError
from postproc.types import Role

KEY_BYTES = 16
SHORTEST_BYTES = 5 * KEY_BYTES


class SharedKey(NamedTuple):
    """The parts of a pre-shared key.

    Attributes
    ----------
    source : bytes
        Its name, 16 bytes. No key is made of them, so that telling the name tells nothing of the rest.
    hash_keys : dict of Role to bytes
        16 bytes for each direction.
    one_time_keys : dict of Role to bytes
        16 bytes a key, as many in either direction.
    """

    source: bytes
    hash_keys: dict[Role, bytes]
    one_time_keys: dict[Role, bytes]

    def __repr__(self) -> str:
        return f"<pre-shared key {self.source.hex()}>"

    @property
    def rows(self) -> dict[Role, bytes]:
        """The keys of each direction as a refill brings them: the hash key first."""
        return {role: key + self.one_time_keys[role] for role, key in self.hash_keys.items()}


def split_shared_key(shared_key: bytes) -> SharedKey:
    """Cut a pre-shared key into its parts.

    Parameters
    ----------
    shared_key : bytes
        At least 80 bytes: a name, two hash keys and one one-time key for each direction.

    Raises
    ------
    InputError
        If it is too short.
    """
    if len(shared_key) < SHORTEST_BYTES:
        raise InputError(
            f"the pre-shared key has {len(shared_key)} bytes and needs at least {SHORTEST_BYTES}; "
            "4096 random bytes are usual"
        )
    source, *parts = cut_keys(shared_key[: len(shared_key) // KEY_BYTES * KEY_BYTES])
    pairs = (len(parts) - 2) // 2
    return SharedKey(
        source,
        {"alice": parts[0], "bob": parts[1]},
        {"alice": b"".join(parts[2::2][:pairs]), "bob": b"".join(parts[3::2][:pairs])},
    )


def cut_keys(keys: bytes) -> list[bytes]:
    """Cut a row of keys into single ones.

    Raises
    ------
    InputError
        If the last one is not whole.
    """
    if len(keys) % KEY_BYTES:
        raise InputError(f"{len(keys)} bytes of key are not a whole number of {KEY_BYTES}-byte keys")
    return [keys[i : i + KEY_BYTES] for i in range(0, len(keys), KEY_BYTES)]
