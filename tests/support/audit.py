"""An independent count of disclosed bits: from the bytes on the wire, without asking the messages.

Each line says what a message tells about its sender's key. A message that is not named tells nothing.
"""

from __future__ import annotations

from math import ceil, log2

import msgspec


def disclosed_bits(frame) -> int:
    """Bits about the key that a frame's payload discloses."""
    tag, *fields = msgspec.msgpack.decode(frame.payload, ext_hook=lambda code, data: (code, bytes(data)))
    match tag:
        case "KeyTag":
            return 8 * len(fields[1])
        case "KeyErrors":
            return sum(ceil(log2(count + 1)) for count in fields[1])
    return _RECONCILIATION.get(tag, lambda fields: 0)(fields)


def _length(bits) -> int:
    """Length of a bit string as it travels."""
    return int.from_bytes(bits[1][:8], "little")


_RECONCILIATION: dict = {
    "PassesOpened": lambda fields: _length(fields[1]),
    "CutParities": lambda fields: fields[0],
    "CutsWanted": lambda fields: fields[2] if fields[3] else 0,
    "Syndromes": lambda fields: _length(fields[3]) - fields[2],
    "FramesDecoded": lambda fields: _length(fields[0]) if fields[1] else 0,
    "Repair": lambda fields: _length(fields[0]),
    "Corrected": lambda fields: ceil(log2(fields[1] + 1)),
}
