"""Rice's code of ascending integers, in two parts, digit by digit."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def pack_ascending(values: Sequence[int], low_bits: int) -> bytes:
    """Code integers that do not descend, with `low_bits` or one more, whatever takes fewer bits."""
    steps = [b - a for a, b in pairwise(values)]
    k = min(low_bits, low_bits + 1, key=lambda k: sum(step >> k for step in steps) + k * len(steps))
    upper = "".join("0" * (step >> k) + "1" for step in steps)
    lower = "".join(str(step >> bit & 1) for step in steps for bit in range(k))
    head = values[0].to_bytes(8, "little", signed=True) + len(steps).to_bytes(4, "little") + bytes([k])
    return head + _in_bytes(upper) + _in_bytes(lower)


def unpack_ascending(coded: bytes, low_bits: int, first: int, most: int, n_steps: int) -> list[int] | None:
    """Decode what follows the head; None if it is anything else, or goes beyond `most`."""
    lower_bytes = -(-n_steps * low_bits // 8)
    upper = _in_digits(coded[: len(coded) - lower_bytes])
    lower = _in_digits(coded[len(coded) - lower_bytes :])
    parts, rest = upper.split("1"), lower[n_steps * low_bits :]
    if len(parts) != n_steps + 1 or len(parts[-1]) >= 8 or "1" in rest:
        return None
    values = [first]
    for i, zeros in enumerate(parts[:-1]):
        low = int("0" + lower[i * low_bits : (i + 1) * low_bits][::-1], 2)
        values.append(values[-1] + (len(zeros) << low_bits | low))
    return values if values[-1] <= most else None


def _in_bytes(digits: str) -> bytes:
    """The first digit is the lowest bit."""
    return int("0" + digits[::-1], 2).to_bytes(-(-len(digits) // 8), "little")


def _in_digits(data: bytes) -> str:
    return "".join(f"{byte:08b}"[::-1] for byte in data)
