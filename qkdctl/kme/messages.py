"""The data formats of ETSI GS QKD 014 V1.1.1, clause 6, and reading them from requests."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from qkdctl.kme.refusal import NOT_FOUND, SIZE_MULTIPLE, bad

T = TypeVar("T")

_WHOLE = re.compile(r"-?[0-9]{1,10}")
"""Whole numbers that :class:`int` reads; of other alphabets' digits, and of thousands of digits, it may not."""
Extension = list[dict[str, Any]] | dict[str, Any] | None


class KeyRequest(msgspec.Struct, frozen=True):
    """Key request (clause 6.2). What is left out, or null, takes its default."""

    number: int | None = None
    size: int | None = None
    additional_slave_SAE_IDs: list[str] | None = None  # noqa: N815 - the standard's name
    extension_mandatory: Extension = None
    extension_optional: Extension = None


class KeyId(msgspec.Struct, frozen=True):
    """One of the keys asked for; what else stands there (some clients post the key back) is not looked at."""

    key_ID: str  # noqa: N815 - the standard's name


class KeyIds(msgspec.Struct, frozen=True):
    """Key IDs (clause 6.4)."""

    key_IDs: list[KeyId]  # noqa: N815 - the standard's name


class Status(msgspec.Struct, frozen=True):
    """Status (clause 6.1)."""

    source_KME_ID: str  # noqa: N815 - the standard's name
    target_KME_ID: str  # noqa: N815 - the standard's name
    master_SAE_ID: str  # noqa: N815 - the standard's name
    slave_SAE_ID: str  # noqa: N815 - the standard's name
    key_size: int
    stored_key_count: int
    max_key_count: int
    max_key_per_request: int
    max_key_size: int
    min_key_size: int
    max_SAE_ID_count: int  # noqa: N815 - the standard's name
    status_extension: dict[str, Any]


class Key(msgspec.Struct, frozen=True):
    """A key in its container (clause 6.3)."""

    key_ID: str  # noqa: N815 - the standard's name
    key: str
    key_extension: dict[str, Any]

    def __repr__(self) -> str:
        return f"<key {self.key_ID}>"


class KeyContainer(msgspec.Struct, frozen=True):
    """Key container (clause 6.3)."""

    keys: list[Key]


_REQUEST = msgspec.json.Decoder(KeyRequest)
_KEY_IDS = msgspec.json.Decoder(KeyIds)


def read_request(body: bytes) -> KeyRequest:
    """Read the body of a POST for new keys; nothing at all asks for the defaults.

    Raises
    ------
    Refusal
        If it is something else.
    """
    if not body.strip():
        return KeyRequest()
    return _decode(_REQUEST, body, "a Key request")


def read_query(query: Mapping[str, str]) -> KeyRequest:
    """Read the query of a GET for new keys.

    Raises
    ------
    Refusal
        If there is more in it than a number and a size.
    """
    for name in query:
        if name not in ("number", "size"):
            raise bad(f"a GET takes number and size only, and {name!r} came; use POST")
    numbers = {name: _whole(name, text) for name, text in query.items()}
    return KeyRequest(number=numbers.get("number"), size=numbers.get("size"))


def read_key_ids(body: bytes) -> list[str]:
    """Read the body of a POST for keys by their IDs.

    Raises
    ------
    Refusal
        If it is something else, or names no key, or one twice.
    """
    return check_key_ids([item.key_ID for item in _decode(_KEY_IDS, body, "Key IDs").key_IDs])


def read_key_id_query(query: Sequence[tuple[str, str]]) -> list[str]:
    """Read the query of a GET for a key by its ID.

    Raises
    ------
    Refusal
        Unless it is one ``key_ID``.
    """
    if [name for name, _ in query] != ["key_ID"]:
        raise bad("a GET takes one key_ID and nothing else; use POST for several keys")
    return check_key_ids([query[0][1]])


def check_key_ids(names: Sequence[str]) -> list[str]:
    """Write IDs in their one canonical way.

    Raises
    ------
    Refusal
        If there is none, one is no UUID (no key has such a name), or one comes twice.
    """
    if not names:
        raise bad("key_IDs is empty; name at least one key")
    try:
        found = [str(uuid.UUID(name)) for name in names]
    except ValueError:
        raise bad(NOT_FOUND) from None
    if len(set(found)) < len(found):
        raise bad("key_IDs names a key twice; a key is delivered once")
    return found


def check_size(size: int, least: int, most: int) -> None:
    """Raise the standard's refusal unless `size` is a multiple of 8 and within bounds."""
    if size % 8:
        raise bad(SIZE_MULTIPLE)
    if not least <= size <= most:
        raise bad(f"size is {size}, expected {least} to {most}")


def _whole(name: str, text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise bad(f"{name} is {text[:40]!r}, expected a whole number")
    return int(text)


def _decode(decoder: msgspec.json.Decoder[T], body: bytes, what: str) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise bad(f"the body is not {what}: {error}") from None
