"""JSON objects on a stream, one after another, with or without anything between them."""

from __future__ import annotations

import json
from typing import Any

from drivers.errors import BadAnswer

MAX_OBJECT = 2**20
BETWEEN = b" \t\r\n\x17\0"


class ObjectSplitter:
    """Cut a stream of bytes into JSON objects; what is not whole yet stays."""

    def __init__(self) -> None:
        self._clear()

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """Take bytes, give the objects that they complete.

        Raises
        ------
        BadAnswer
            If they are no JSON objects; what has come is forgotten.
        """
        found = []
        for byte in data:
            if self._take(byte):
                found.append(self._parsed())
        if len(self._text) > MAX_OBJECT:
            self._fail("a JSON object has no end")
        return found

    def _clear(self) -> None:
        self._text = bytearray()
        self._depth = 0
        self._quoted = self._escaped = False

    def _take(self, byte: int) -> bool:
        """Take one byte; true if it completes an object."""
        if not self._depth and byte in BETWEEN:
            return False
        self._text.append(byte)
        if self._quoted:
            self._quoted = self._escaped or byte != ord('"')
            self._escaped = byte == ord("\\") and not self._escaped
            return False
        self._quoted = byte == ord('"')
        self._depth += (byte == ord("{")) - (byte == ord("}"))
        if self._depth < 0 or (self._depth == 0 and byte != ord("}")):
            self._fail("no JSON object begins")
        return self._depth == 0

    def _parsed(self) -> dict[str, Any]:
        text = bytes(self._text)
        self._clear()
        try:
            found: dict[str, Any] = json.loads(text)
        except (ValueError, RecursionError):
            raise BadAnswer(f"{text[:40]!r} is not JSON") from None
        return found

    def _fail(self, why: str) -> None:
        text = bytes(self._text[:40])
        self._clear()
        raise BadAnswer(f"{why} with {text!r}")
