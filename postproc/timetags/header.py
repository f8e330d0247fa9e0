"""What a recording says about itself, and what a pass over it adds."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from postproc.timetags.types import Gap

RecordingKind = Literal["tags", "states"]


class TagHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What is written ahead of one party's time tags.

    Attributes
    ----------
    resolution_ps : float or None
        Step of the instrument's time scale, where known.
    channels : dict of int to str
        What feeds each logical channel: detector, input, edge, marker.
    markers : tuple of int
        Logical channels that carry marks instead of photons.
    metadata : dict
        Anything else that JSON can carry: instrument identities, configuration, origin.
    """

    resolution_ps: float | None = None
    channels: dict[int, str] = {}
    markers: tuple[int, ...] = ()
    metadata: dict[str, Any] = {}


class StateHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What is written ahead of Alice's prepared states.

    Attributes
    ----------
    slot_period_ps : float
        Slot *n* leaves Alice at ``n * slot_period_ps`` on her own clock.
    metadata : dict
        Anything else that JSON can carry.
    """

    slot_period_ps: float
    metadata: dict[str, Any] = {}


Header = TagHeader | StateHeader


class RecordingInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A recording at a glance.

    Attributes
    ----------
    kind : {"tags", "states"}
        One party's clicks, or Alice's prepared states.
    format : str
        How the file is encoded.
    counts : dict of int to int
        Tags per channel, in the order of the channels, marks apart; empty for states.
    markers : dict of int to int
        Marks per channel.
    wraps : int
        Records that only say that the instrument's counter started over: nothing is lost there.
    start_ps, stop_ps : int
        Span ``[start, stop)`` of the recording on the party's own clock. A file that does not state it
        is taken to begin with its first tag and to end right after its last one.
    duration_s : float
        Length of the span.
    resolution_ps : float or None
        Step of the time scale, where known.
    gaps : tuple of Gap
        Where clicks may be missing.
    overflows : int
        How many of the gaps are overflows of the instrument.
    out_of_order : int
        Tags that are earlier than the tag right before them.
    assumed_tick_ps : float or None
        The tick that was *assumed*, where neither the file nor the caller named one.
    slot_period_ps : float or None
        States only.
    first_slot, n_slots : int or None
        States only.
    metadata : dict
        What else the file says.
    """

    kind: RecordingKind
    format: str
    counts: dict[int, int]
    markers: dict[int, int] = {}
    wraps: int = 0
    start_ps: int
    stop_ps: int
    duration_s: float
    resolution_ps: float | None = None
    gaps: tuple[Gap, ...] = ()
    overflows: int = 0
    out_of_order: int = 0
    assumed_tick_ps: float | None = None
    slot_period_ps: float | None = None
    first_slot: int | None = None
    n_slots: int | None = None
    channels: dict[int, str] = {}
    metadata: dict[str, Any] = {}
