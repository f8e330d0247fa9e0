"""What a stream is granted of the quality that was asked for."""

from __future__ import annotations

from dataclasses import replace

from qkdctl.kme.config import Limits
from qkdctl.kme.streams.frames import MIMETYPE, Qos

MOST_TIMEOUT_MS = 60_000


def settle(asked: Qos, limits: Limits) -> Qos:
    """Give what comes nearest to what was asked; a length, rate or life of zero asks for the default.

    Jitter and priority are given back as they came: nothing here depends on them.
    """
    least, most = limits.min_key_size_bits // 8, limits.max_key_size_bits // 8
    most_bps = int(min(limits.bits_per_s, 2**32 - 1))
    most_s = int(min(limits.max_age_s, 2**32 - 1))
    return replace(
        asked,
        chunk_bytes=_within(asked.chunk_bytes or limits.key_size_bits // 8, least, most),
        max_bps=min(asked.max_bps or most_bps, most_bps),
        min_bps=min(asked.min_bps, most_bps),
        timeout_ms=min(asked.timeout_ms, MOST_TIMEOUT_MS),
        ttl_s=min(asked.ttl_s or most_s, most_s),
        mimetype=MIMETYPE,
    )


def met(asked: Qos, given: Qos) -> bool:
    """Tell whether all that was asked for was given."""
    return all(
        getattr(given, name) == getattr(asked, name)
        for name in ("chunk_bytes", "max_bps", "min_bps", "timeout_ms", "ttl_s", "mimetype")
        if getattr(asked, name)
    )


def _within(value: int, least: int, most: int) -> int:
    return max(least, min(value, most))
