"""The data formats of ETSI GS QKD 020: keys handed over between the key management entities of two domains."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable
from typing import Any, Literal, TypeVar

import msgspec

from qkdctl.keystore.secret import Secret
from qkdctl.kme.refusal import bad

T = TypeVar("T")

VERSIONS = "/kmapi/versions"
EXT_KEYS = "/kmapi/v1/ext_keys"
ACK = f"{EXT_KEYS}/ack"
VOID = f"{EXT_KEYS}/void"

AckStatus = Literal["relayed", "voided", "failed", "key not present", "failed to void"]

MOST_KEYS, MOST_KEY_BYTES = 1024, 2**17


class KeyName(msgspec.Struct, frozen=True):
    """One of the keys spoken of."""

    key_id: str


class ExtKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """A key; `value` is base64."""

    key_id: str
    value: str
    extension: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<key {self.key_id}>"


class ExtKeys(msgspec.Struct, frozen=True):
    """Keys that one application shares with others, behind the KME that is told."""

    keys: list[ExtKey]
    initiator_sae_id: str
    target_sae_ids: list[str]
    ack_callback_url: str
    extension_mandatory: dict[str, Any] = {}
    extension_optional: dict[str, Any] = {}


class Ack(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of keys for one of the applications."""

    key_ids: list[KeyName]
    ack_status: AckStatus
    initiator_sae_id: str
    target_sae_id: str
    message: str = ""


class VoidKeys(msgspec.Struct, frozen=True):
    """Keys that are to reach nobody."""

    key_ids: list[KeyName]
    initiator_sae_id: str
    target_sae_ids: list[str]
    ack_callback_url: str


def read(body: bytes, kind: type[T], what: str) -> T:
    """Read a body.

    Raises
    ------
    Refusal
        If it is something else.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise bad(f"expected {what}: {error}") from None


def canonical(names: Iterable[KeyName | ExtKey]) -> list[str]:
    """Write keys' names in the one way in which applications ask for them.

    Raises
    ------
    Refusal
        If one is no UUID: nobody could ask for such a key.
    """
    try:
        return [str(uuid.UUID(name.key_id)) for name in names]
    except ValueError:
        raise bad("a key_id is no UUID") from None


def values_of(keys: list[ExtKey]) -> list[Secret]:
    """Give the keys' values: all of one length.

    Raises
    ------
    Refusal
        If they are something else.
    """
    try:
        values = [Secret(base64.b64decode(key.value, validate=True)) for key in keys]
    except ValueError:
        raise bad("a key's value is not base64") from None
    lengths = {len(value) for value in values}
    if not 1 <= len(keys) <= MOST_KEYS or len(lengths) != 1 or not 1 <= lengths.pop() <= MOST_KEY_BYTES:
        raise bad(f"expected 1 to {MOST_KEYS} keys of one length, of at most {MOST_KEY_BYTES} bytes")
    return values
