"""Files as instruments write them, put together byte by byte from what their documents say."""

from __future__ import annotations

import struct

import numpy as np

#: Name to (type, ticks of a wrap, whether a record counts several wraps).
T2_TYPES = {
    "HydraHarp v1": (0x00010204, 33_552_000, False),
    "HydraHarp v2": (0x01010204, 2**25, True),
    "TimeHarp 260N": (0x00010205, 2**25, True),
    "TimeHarp 260P": (0x00010206, 2**25, True),
    "MultiHarp": (0x00010207, 2**25, True),
}
T3_TYPES = {
    "HydraHarp v1": (0x00010304, False),
    "HydraHarp v2": (0x01010304, True),
    "TimeHarp 260N": (0x00010305, True),
    "TimeHarp 260P": (0x00010306, True),
    "MultiHarp": (0x00010307, True),
}
PICOHARP_T2, PICOHARP_T3 = 0x00010203, 0x00010303


def tag(name: str, kind: int, value: bytes, more: bytes = b"") -> bytes:
    return struct.pack("<32siI8s", name.encode(), -1, kind, value) + more


def ptu(
    records: list[int], kind: int, tick_s: float = 5e-12, fine_s: float = 0.0, count: int | None = None
) -> bytes:
    """A PTU file with some entries of each type in its head."""
    text = b"a comment\0\0\0\0\0\0\0"
    head = [
        tag("File_Comment", 0x4001FFFF, struct.pack("<q", len(text)), text),
        tag("Fast_Load_End", 0xFFFF0008, bytes(8)),
        tag("Some_Flag", 0x00000008, struct.pack("<q", 1)),
        tag("Some_Floats", 0x2001FFFF, struct.pack("<q", 16), bytes(16)),
        tag("File_CreatingTime", 0x21000008, struct.pack("<d", 43000.5)),
        tag("Some_Blob", 0xFFFFFFFF, struct.pack("<q", 8), b"contents"),
        tag("HW_Type", 0x4002FFFF, struct.pack("<q", 8), "Harp".encode("utf-16-le")),
        tag("HW_InpChannels", 0x10000008, struct.pack("<q", 4)),
        tag("TTResultFormat_TTTRRecType", 0x10000008, struct.pack("<q", kind)),
        tag("TTResultFormat_BitsPerRecord", 0x10000008, struct.pack("<q", 32)),
        tag("Measurement_Mode", 0x10000008, struct.pack("<q", 3 if kind >> 8 & 15 == 3 else 2)),
        tag("MeasDesc_GlobalResolution", 0x20000008, struct.pack("<d", tick_s)),
        tag("MeasDesc_Resolution", 0x20000008, struct.pack("<d", fine_s)),
        tag(
            "TTResult_NumberOfRecords",
            0x10000008,
            struct.pack("<q", len(records) if count is None else count),
        ),
        tag("Header_End", 0xFFFF0008, bytes(8)),
    ]
    return b"PQTTTR\0\x001.0.00\0\0" + b"".join(head) + np.array(records, "<u4").tobytes()


def t2(channel: int, time: int, special: int = 0) -> int:
    return special << 31 | channel << 25 | time


def t3(channel: int, fine: int, sync: int, special: int = 0) -> int:
    return special << 31 | channel << 25 | fine << 10 | sync


def picoharp_t2(channel: int, time: int) -> int:
    return channel << 28 | time


def picoharp_t3(channel: int, fine: int, sync: int) -> int:
    return channel << 28 | fine << 16 | sync


def sfifteen(units: list[int], patterns: list[int], marks: list[int], unused: int = 0b11000) -> list[int]:
    """64-bit events; the five bits between time and mark hold what real cards leave in them."""
    parts = zip(units, patterns, marks, strict=True)
    return [unit << 10 | unused << 5 | mark << 4 | pattern for unit, pattern, mark in parts]


def sfifteen_file(events: list[int], form: str) -> bytes:
    if form == "a2":
        return "".join(f"{event:016x}\n" for event in events).encode()
    pairs = [(event & 0xFFFFFFFF, event >> 32) for event in events]
    words = [word for pair in pairs for word in (pair[::-1] if form.endswith("x") else pair)]
    if form.startswith("a1"):
        return struct.pack(f"<{len(words)}I", *words)
    return "".join(f"{word:08x}\n" for word in words).encode()


def swabian(*records: tuple[int, int, int, int]) -> bytes:
    """Records of (type, missed, channel, time)."""
    return b"".join(struct.pack("<BxHiq", *record) for record in records)


def qutag(*records: tuple[int, int]) -> bytes:
    """Records of (time, channel) after a head."""
    return b"\x11" * 40 + b"".join(struct.pack("<qh", *record) for record in records)
