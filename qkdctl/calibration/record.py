"""The file of results, beside the scenario: what was measured, set and by which instruments, and when.

``docs/calibration.md`` explains it. It is read as anything from outside is: bounded, every field typed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from postproc.files import write_whole
from qkdctl.config.bounded import read_bounded
from qkdctl.config.packaged import packaged_scenarios
from qkdctl.errors import ConfigurationError

FORMAT, VERSION = "qkdctl-calibration", 1
SUFFIX = ".calibration.json"
MAX_BYTES = 2**24

AGREED = "agreed"
"""The place of what both parties must agree on; all other places are instruments, such as ``bob.tagger``."""

Value = float | list[float]


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Change(_Strict, frozen=True):
    """Something that was set.

    Attributes
    ----------
    place : str
        An instrument, such as ``bob.tagger``, or ``agreed``.
    name : str
        Of the setting, unit included.
    before, after : float or list of float
    """

    place: str
    name: str
    before: Value
    after: Value


class Picture(_Strict, frozen=True):
    """A plot: lines over a common x, and a mark at what was chosen."""

    title: str
    x_label: str
    y_label: str
    x: list[float]
    lines: dict[str, list[float | None]]
    mark: float | None = None


class Result(_Strict, frozen=True, kw_only=True):
    """What a step came to.

    Attributes
    ----------
    step : str
    when : str
        UTC.
    good : bool
    verdict : str
        In a sentence, with the figure.
    advice : str
        What to do where it is not good; else empty.
    changes : list of Change
    figures : dict of str to float
        Units in the names.
    pictures : list of Picture
    instruments : dict of str to str
        Identities of those that it rests on, by place.
    """

    step: str
    when: str
    good: bool
    verdict: str
    advice: str = ""
    changes: list[Change] = []
    figures: dict[str, float] = {}
    pictures: list[Picture] = []
    instruments: dict[str, str] = {}

    @property
    def moment(self) -> datetime:
        """When it was, as a time.

        Raises
        ------
        ValueError
            If it is none.
        """
        return datetime.strptime(self.when, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


class Calibration(_Strict, frozen=True, kw_only=True):
    """All results for a scenario, in the order in which the steps were taken."""

    format: str = FORMAT
    version: int = VERSION
    scenario: str
    results: list[Result] = []

    def with_result(self, result: Result) -> Calibration:
        """Put a step's result in the place of an older one."""
        return msgspec.structs.replace(self, results=[*self.without(result.step).results, result])

    def without(self, step: str) -> Calibration:
        """Leave a step's result out."""
        kept = [each for each in self.results if each.step != step]
        return msgspec.structs.replace(self, results=kept)

    @property
    def changes(self) -> list[Change]:
        """Everything that was set, in order."""
        return [change for result in self.results for change in result.changes]


def now() -> str:
    """Tell the time as results have it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def calibration_path(scenario: Path) -> Path:
    """Say where the results for a scenario lie: beside it; for one that comes along, in this directory."""
    packaged = scenario.resolve() in {path.resolve() for path in packaged_scenarios().values()}
    folder = Path.cwd() if packaged else scenario.parent
    return folder / f"{scenario.stem}{SUFFIX}"


def read_calibration(path: Path) -> Calibration:
    """Read the file.

    Raises
    ------
    ConfigurationError
        If it is none.
    """
    data = read_bounded(path, "calibration", MAX_BYTES)
    try:
        found = msgspec.json.decode(data, type=Calibration)
        for result in found.results:
            _ = result.moment
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            f"{path}: is no calibration ({error}); calibrate anew, or remove it"
        ) from None
    if (found.format, found.version) != (FORMAT, VERSION):
        raise ConfigurationError(
            f"{path}: is {found.format!r} of version {found.version}, and this qkdctl reads {FORMAT!r} of version "
            f"{VERSION}; calibrate anew"
        )
    return found


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Write the file, whole or not at all."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(calibration), indent=1))
