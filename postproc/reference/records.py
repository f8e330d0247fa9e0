"""T2 records of PicoQuant's instruments, one at a time, in unbounded integers."""

from collections.abc import Sequence


def decode_t2(
    records: Sequence[int], wraps: int, *, wrap: int, counted: bool, tick: int
) -> tuple[list[int], list[int], int]:
    """Give times, logical channels, and the wraps after the last record."""
    times: list[int] = []
    channels: list[int] = []
    for record in records:
        special, channel, time = record >> 31, record >> 25 & 63, record % 2**25
        if special and channel == 63:
            wraps += max(time, 1) if counted else 1
            continue
        times.append((wraps * wrap + time) * tick)
        if not special:
            channels.append(channel + 1)
        else:
            channels.append(128 + channel if channel else 0)
    return times, channels, wraps


def pack_tags(time_ps: Sequence[int], channel: Sequence[int]) -> bytes:
    """Pack time tags, bit by bit as ``csrc/pack_tags/frame.h`` says."""
    if not time_ps:
        return b""
    packed = (time_ps[0] % 2**64).to_bytes(8, "little")
    before = time_ps[0]
    for first in range(0, len(time_ps), 512):
        times, channels = list(time_ps[first : first + 512]), list(channel[first : first + 512])
        steps = [(late - early) % 2**64 for early, late in zip([before, *times], times, strict=False)]
        before = times[-1]
        packed += _frame(steps, [number - min(channels) for number in channels], min(channels))
    return packed


def _frame(steps: list[int], above: list[int], lowest: int) -> bytes:
    width, planes = max(steps).bit_length(), max(above).bit_length()
    columns = [sum(step << width * r for r, step in enumerate(steps[k::8])) for k in range(8)]
    rows = [column >> 64 * r & (2**64 - 1) for r in range(width) for column in columns]
    bits = [sum((number >> b & 1) << i for i, number in enumerate(above)) for b in range(planes)]
    head = bytes([width, planes, lowest, 0])
    return (
        head
        + b"".join(row.to_bytes(8, "little") for row in rows)
        + b"".join(b.to_bytes(64, "little") for b in bits)
    )
