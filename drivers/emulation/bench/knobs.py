"""Knobs of a live bench: what a hand on the optical table can change, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from drivers.emulation.bench.live_receiver import LiveReceiver
from drivers.emulation.bench.parameters import Eve
from drivers.emulation.bench.timeline import Timeline
from drivers.emulation.knob import Knob, Value
from drivers.errors import LimitError, UnknownName

Knobs = Mapping[str, Knob]


def find(knobs: Knobs, name: str) -> Knob:
    """Find a knob.

    Raises
    ------
    UnknownName
        If there is none of this name.
    """
    if name not in knobs:
        raise UnknownName(f"the bench has no knob {name!r}; it has: {', '.join(sorted(knobs))}")
    return knobs[name]


def channel_knobs(name: str, channel: Timeline[Any]) -> dict[str, Knob]:
    """Give the knobs of a fibre."""

    def of(field: str, doc: str, low: float = 0.0, high: float = 0.0) -> Knob:
        def turn(now_s: float, value: Value) -> None:
            channel.set(now_s, replace(channel.latest, **{field: value}))

        return Knob(doc, lambda: getattr(channel.latest, field), turn, low, high)

    return {
        f"{name}.loss_db": of("loss_db", "loss of the fibre", 0, 200),
        f"{name}.misalignment_error": of(
            "misalignment_error", "how much light goes to the wrong detector", 0, 0.5
        ),
        f"{name}.cut": of("cut", "whether the fibre is cut"),
    }


def detector_knobs(name: str, receiver: LiveReceiver) -> dict[str, Knob]:
    """Give a switch for each detector that makes it latch; only its bias brings it back."""

    def of(number: int) -> Knob:
        def turn(now_s: float, value: bool) -> None:
            if value:
                receiver.latch(now_s, number)

        return Knob("whether the detector has latched", lambda: receiver.latched[number], turn)

    return {f"{name}.detector{number + 1}.latched": of(number) for number in range(receiver.count)}


def clock_knobs(name: str, receiver: LiveReceiver) -> dict[str, Knob]:
    """Give the pace of a tagger's clock: it changes when its reference goes."""

    def turn(now_s: float, value: Value) -> None:
        receiver.lose_reference(float(value))

    return {
        f"{name}.clock.drift_ppm": Knob(
            "by how much the tagger's clock runs faster than Alice's",
            lambda: receiver.drift_ppm,
            turn,
            -100,
            100,
        )
    }


ATTACKS = {
    "intercept_resend": "share of the pulses that Eve measures and sends anew",
    "photon_number_splitting": "share of the pulses whose second photon Eve keeps",
    "blinding": "share of the time that Eve has Bob's detectors blinded",
    "time_shift": "share of the pulses that Eve sends early or late",
}


def eve_knobs(name: str, eve: Timeline[Eve]) -> dict[str, Knob]:
    """Give the strengths of Eve's attacks."""

    def of(attack: str) -> Knob:
        def turn(now_s: float, value: Any) -> None:
            try:
                eve.set(now_s, replace(eve.latest, **{attack: value}))
            except ValueError as error:
                raise LimitError(f"{name}.{attack}: {error}") from None

        return Knob(ATTACKS[attack], lambda: getattr(eve.latest, attack), turn, 0, 1)

    return {f"{name}.{attack}": of(attack) for attack in ATTACKS}
