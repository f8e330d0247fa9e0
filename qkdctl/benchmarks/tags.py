"""Time tags: decoding records, recording, coincidences, slots and sifting, clocks."""

from __future__ import annotations

from collections.abc import Iterator

from qkdctl.benchmarks import tags_coincidences, tags_locks, tags_recording, tags_records, tags_slots
from qkdctl.benchmarks.case import Case


def cases() -> Iterator[Case]:
    """In the order in which tags go through them."""
    for part in (tags_records, tags_recording, tags_coincidences, tags_slots, tags_locks):
        yield from part.cases()
