"""Keys of what is modelled: both ends draw them from a secret that they share, in place of light."""

from __future__ import annotations

import hashlib
from pathlib import Path

from postproc.bits import Bits
from postproc.secretsink import SecretKey
from qkdctl.errors import RecordingError
from qkdctl.keystore.engine import Connection
from qkdctl.keystore.entry import Origin, key_id
from qkdctl.keystore.store import KeyStore
from qkdctl.kme.tls import check_private_file

SEED_BYTES = 32


def read_secret(path: Path) -> bytes:
    """Read the secret.

    Raises
    ------
    RecordingError
        If it cannot be read, others can, or its length is another.
    """
    check_private_file(path)
    secret = path.read_bytes()
    if len(secret) != SEED_BYTES:
        raise RecordingError(
            f"{path}: has {len(secret)} bytes, and the secret of a modelled link has {SEED_BYTES}"
        )
    return secret


def session_of(what: bytes, secret: bytes) -> bytes:
    """Name what is drawn from a secret, 16 bytes."""
    return hashlib.sha256(b"qkdctl " + what + secret).digest()[:16]


def draw(secret: bytes, number: int, length: int) -> bytes:
    """Give the bytes of a block, the same at both ends."""
    return hashlib.shake_256(secret + number.to_bytes(8, "big")).digest(length)


def has(connection: Connection, session: bytes, number: int) -> bool:
    """Whether a store has a block, or had it."""
    name = key_id(session, number)
    return connection.execute("SELECT 1 FROM key WHERE id = ?", (name,)).fetchone() is not None


def keep(
    store: KeyStore, connection: Connection, session: bytes, number: int, value: bytes, origin: Origin
) -> None:
    """Store a block, confirmed and labelled ``emulated``, unless it is there."""
    if has(connection, session, number):
        return
    key = SecretKey(
        session=session,
        block=number,
        bits=Bits.from_bytes(value, 8 * len(value)),
        refill={"alice": b"", "bob": b""},
        disclosed_bits=0,
        authentication_bits=0,
        epsilon=0.0,
    )
    store.stage_within(connection, key, "emulated", origin)
    store.confirm_within(connection, key_id(session, number))
