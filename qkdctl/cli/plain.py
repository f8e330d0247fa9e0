"""Text from outside, made fit for a terminal."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Write control characters out: file names and metadata may carry codes that a terminal obeys."""
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), text)
