"""The ``[calibration]`` table of a scenario: what a calibration cannot measure and has to be told.

Like the instruments, it belongs to each party alone and is not part of what is agreed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Gt, Interval


@dataclass(frozen=True, kw_only=True)
class CalibrationTable:
    """Facts about the optics that no instrument tells.

    Attributes
    ----------
    tap_share : float
        Part of the light ahead of Alice's attenuator that goes to her power meter.
    output_loss_db : float
        Loss from that tap to Alice's output, with the attenuator at 0 dB.
    slot_hz : float or None
        Slots a second while a calibration counts and aligns; those of the sessions by default. Fewer are easier to
        follow for a slow machine.
    max_age_h : float
        A calibration older than this is stale, and a session says so.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "allow_inf_nan": False}

    tap_share: Annotated[float, Interval(gt=0, lt=1)] = 0.5
    output_loss_db: Annotated[float, Interval(ge=0, le=60)] = 0.0
    slot_hz: Annotated[float, Interval(ge=1e3, le=5e9)] | None = None
    max_age_h: Annotated[float, Gt(0)] = 24.0


DEFAULT = CalibrationTable()
