"""Taking the steps of a calibration, one after the other, and undoing them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches

from drivers.errors import DriverError
from qkdctl.calibration.record import AGREED, Calibration, Result, now
from qkdctl.calibration.stand import Stand
from qkdctl.calibration.steps import STEPS, Found, Step
from qkdctl.config.scenario import Scenario
from qkdctl.errors import ConfigurationError, UsageError


def chosen(scenario: Scenario, names: Sequence[str]) -> list[Step]:
    """Find steps by their names, in the order in which they are taken; without names all that the scenario allows.

    Raises
    ------
    UsageError
        If there is no such step.
    ConfigurationError
        If the scenario lacks the instruments for one that is named, or for any.
    """
    known = [step.name for step in STEPS]
    for name in names:
        if name not in known:
            meant = get_close_matches(name, known, n=1)
            raise UsageError(
                f"there is no step {name!r}; "
                + (f"did you mean {meant[0]}?" if meant else f"there are {', '.join(known)}")
            )
    steps = [step for step in STEPS if step.name in names or (not names and step.fits(scenario))]
    if unfit := [step.name for step in steps if not step.fits(scenario)]:
        raise ConfigurationError(f"{scenario.name}: lacks the instruments for {', '.join(unfit)}")
    if not steps:
        raise ConfigurationError(f"{scenario.name}: names no instruments that could be calibrated")
    return steps


def take(stand: Stand, steps: Sequence[Step], tell: Callable[[str], None]) -> Iterator[Result]:
    """Take steps, one after the other; none after an instrument has failed, for nobody knows how it stands then.

    Parameters
    ----------
    stand : Stand
    steps : sequence of Step
    tell : callable
        Given a line at the beginning of each.

    Yields
    ------
    Result
        Of each.
    """
    failed = ""
    for step in steps:
        if failed:
            yield _result(stand, step.name, Found(False, f"was not taken, as {failed} failed", NOT_TAKEN))
            continue
        tell(f"{step.name}: {step.what}")
        try:
            found = step.run(stand)
        except DriverError as error:
            failed = step.name
            found = Found(False, f"an instrument failed: {error}", MEND)
        yield _result(stand, step.name, found)


def _result(stand: Stand, name: str, found: Found) -> Result:
    places = {*found.places, *(each.place for each in found.changes if each.place != AGREED)}
    return Result(
        step=name,
        when=now(),
        good=found.good,
        verdict=found.verdict,
        advice=found.advice,
        changes=found.changes,
        figures=found.figures,
        pictures=found.pictures,
        instruments={place: stand.identity(place) for place in sorted(places)},
    )


def undone(calibration: Calibration, names: Sequence[str]) -> tuple[Calibration, list[Result]]:
    """Take results out of a calibration: those named, or all.

    Returns
    -------
    Calibration, list of Result
        What is left; what was taken out, the latest first.

    Raises
    ------
    UsageError
        If one that is named is not in it.
    """
    there = [result.step for result in calibration.results]
    for name in names:
        if name not in there:
            raise UsageError(f"{name} is not in the calibration; there are {', '.join(there) or 'none'}")
    taken = [result for result in reversed(calibration.results) if not names or result.step in names]
    for result in taken:
        calibration = calibration.without(result.step)
    return calibration, taken


def put_back(stand: Stand, results: Sequence[Result]) -> None:
    """Set instruments as they were before steps that are undone."""
    for change in (change for result in results for change in reversed(result.changes)):
        if change.place != AGREED and change.place in stand.places:
            stand.set(change.place, change.name, change.before)


MEND = "Mend it; qkdctl doctor looks at it alone."
NOT_TAKEN = "How that step's instrument stands is not known. Mend it, then calibrate again."
