"""What a party's detectors count in the dark, against what is expected of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import sqrt

from drivers.configuration import InstrumentConfig, Instruments, full_name, open_all
from drivers.errors import DriverError
from drivers.identity import Finding, fine, wrong
from drivers.instrument import BaseInstrument, close_all
from drivers.registry import Addresses
from drivers.roles import SinglePhotonDetectors, TimeTagger, plays
from qkdctl.doctor import Examined

COUNT_S = 1.0
#: Counts as far from what is expected as this many standard deviations happen once in 1.7 million looks.
SIGMAS = 5.0
#: Dark counts of one detector differ from day to day; half or twice of what is expected is still normal.
TOLERANCE = 2.0


def look_into_the_dark(
    party: str, instruments: Instruments, rack: Mapping[str, Addresses], found: Sequence[Examined]
) -> list[Examined]:
    """Count with all of a party's detectors on and everybody's light off, where a tagger says what it expects.

    Parameters
    ----------
    party : str
    instruments : mapping of str to InstrumentConfig
    rack : mapping of str to address
    found : sequence of Examined
        What is known of them; whoever examined them has left lasers off and shutters closed.

    Returns
    -------
    list of Examined
        The same, with what was counted.
    """
    known = {each.name: each for each in found}
    for role, config in instruments.items():
        tagger = known[full_name(party, role)]
        if config.expect.dark_counts_hz is not None and tagger.identity:
            counted = _count(party, role, instruments, rack)
            known[tagger.name] = replace(tagger, findings=[*tagger.findings, *counted])
    return list(known.values())


def _count(party: str, tagger: str, instruments: Instruments, rack: Mapping[str, Addresses]) -> list[Finding]:
    opened: dict[str, BaseInstrument] = {}
    try:
        opened = open_all(party, _needed(tagger, instruments), rack)
        found = _counted(opened, tagger, instruments[tagger].expect.dark_counts_hz or 0.0)
    except DriverError as error:
        found = [wrong(f"its dark counts cannot be counted: {error}", "mend that first")]
    finally:
        failures = close_all(opened.values())
    return [*found, *(wrong(str(each), "switch it off by hand") for each in failures)]


def _counted(
    opened: dict[str, BaseInstrument], tagger: str, expected_hz: float | list[float]
) -> list[Finding]:
    for each in opened.values():
        if plays(each, SinglePhotonDetectors):
            each.enabled = True
    counter = opened[tagger]
    if not plays(counter, TimeTagger):
        return [wrong("it is no time tagger and counts nothing", "take dark_counts_hz out of its table")]
    return findings(counter.count_rates_hz(COUNT_S), expected_hz)


def _needed(tagger: str, instruments: Instruments) -> dict[str, InstrumentConfig]:
    """Detectors first: they are on when the tagger counts."""
    detectors = {name: config for name, config in instruments.items() if "detector" in name}
    return {**detectors, tagger: instruments[tagger]}


def findings(rates: Sequence[float], expected: float | Sequence[float]) -> list[Finding]:
    """Hold counts of one second against what is expected of each input, or of all."""
    each = [expected] * len(rates) if isinstance(expected, int | float) else list(expected)
    if len(each) != len(rates):
        remedy = "give dark_counts_hz once, or for each input"
        return [wrong(f"it has {len(rates)} inputs, and {len(each)} dark counts are expected", remedy)]
    odd = [
        _odd(number, rate, normal)
        for number, (rate, normal) in enumerate(zip(rates, each, strict=True), 1)
        if not _normal(rate, normal)
    ]
    shown = ", ".join(f"{rate:.0f}" for rate in rates)
    return odd or [fine(f"it counts {shown} a second in the dark, as expected")]


def _normal(rate: float, expected: float) -> bool:
    low, high = expected / TOLERANCE, expected * TOLERANCE
    return low - SIGMAS * sqrt(low / COUNT_S) <= rate <= high + SIGMAS * sqrt(high / COUNT_S) + 1


def _odd(number: int, rate: float, expected: float) -> Finding:
    what = f"input {number} counts {rate:.0f} a second in the dark, and {expected:g} are expected"
    if rate < expected:
        return wrong(what, "look at its threshold and cable, and at the detector's bias; it may have latched")
    return wrong(
        what, "look for stray light and a light source that is on; lower the bias, or cool the detector"
    )
