"""The polarisation controller: set where both bases make the fewest errors, by a search over its stages."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from drivers.roles import PolarisationController
from postproc.errors import SynchronisationFailed
from qkdctl.calibration.alignment import Position, Search
from qkdctl.calibration.following import Follower
from qkdctl.calibration.record import Change, Picture
from qkdctl.calibration.stand import Stand, marked_pattern, plain
from qkdctl.calibration.steps.errors import ErrorRates, error_rates
from qkdctl.calibration.steps.putting_back import putting_back
from qkdctl.calibration.steps.step import Found, prepares_and_measures, stand_at
from qkdctl.config.scenario import Scenario

CONTROLLER = "bob.polarisation"
PLACES = (CONTROLLER, "alice.transmitter", "bob.tagger")
ENOUGH, LONGEST_S = 20_000, 2.0
SURE, SURELY_S = 200_000, 5.0
"""The last measurement is a longer one."""

ALIGNED = 0.05
"""An error rate above, in either basis, is no alignment."""


class Polarisation:
    """Errors by position."""

    name = "polarisation"
    what = "align the polarisation: fewest errors in both bases"

    def fits(self, scenario: Scenario) -> bool:
        """See :class:`~qkdctl.calibration.steps.step.Step`."""
        return prepares_and_measures(scenario) and stand_at(scenario, *PLACES)

    def run(self, stand: Stand) -> Found:
        """See :class:`~qkdctl.calibration.steps.step.Step`."""
        controller = stand.need(CONTROLLER, PolarisationController)
        follower = Follower(stand, marked_pattern(stand))

        def measure(enough: int, longest_s: float) -> ErrorRates:
            return error_rates(stand, follower.take(enough, longest_s))

        try:
            stand.tell("looking for the slots")
            follower.start()
            course = search(stand, controller, measure, Look(ENOUGH, LONGEST_S), Look(SURE, SURELY_S))
        except SynchronisationFailed as error:
            return Found(False, f"the slots were not found: {error}", UNSEEN, places=PLACES)
        finally:
            follower.stop()
        return judge(PLACES, controller, course)


class Look(NamedTuple):
    """How long to measure: until there is enough, or for so long."""

    enough: int
    longest_s: float


class Course(NamedTuple):
    """How a search went.

    Attributes
    ----------
    before, best : tuple of float
        Positions of the controller.
    measured : tuple of ErrorRates
        At both.
    tried : list of (tuple of float, float)
        Positions, and what was found there.
    """

    before: Position
    best: Position
    measured: tuple[ErrorRates, ErrorRates]
    tried: list[tuple[Position, float]]


def search(
    stand: Stand,
    controller: PolarisationController,
    measure: Callable[[int, float], ErrorRates],
    look: Look,
    sure: Look,
) -> Course:
    """Search for the fewest errors from where the controller is; if that fails, it goes back there.

    Parameters
    ----------
    stand : Stand
    controller : PolarisationController
    measure : callable
        ``measure(enough, longest_s)`` gives the error rates with the controller as it is.
    look, sure : Look
        For every position, and for the last measurement.
    """

    def at(position: Position, enough: int, longest_s: float) -> ErrorRates:
        controller.positions = position
        return measure(enough, longest_s)

    def put_back() -> None:
        controller.positions = before

    before = controller.positions
    searching = Search(
        lambda position, care: sum(at(position, care * look.enough, look.longest_s).rates) / 2, stand.tell
    )
    with putting_back(put_back):
        first = at(before, *look)
        best = searching.run(before)
        return Course(before, best, (first, at(best, *sure)), searching.tried)


def judge(places: tuple[str, ...], controller: PolarisationController, course: Course) -> Found:
    """Give the verdict of a search; without a good end the controller goes back to where it was.

    Parameters
    ----------
    places : tuple of str
        What it rests on, the controller first.
    controller : PolarisationController
    course : Course
    """
    (key_was, test_was), (key, test) = (each.rates for each in course.measured)
    figures = {"qber_key": key, "qber_test": test, "qber_key_before": key_was, "qber_test_before": test_was}
    figures["positions_tried"] = float(len(course.tried))
    lines: dict[str, list[float | None]] = {
        "mean error rate of both bases": [cost for _, cost in course.tried]
    }
    x = [float(number) for number in range(1, len(course.tried) + 1)]
    picture = Picture("The search over the controller's positions", "position tried", "error rate", x, lines)
    verdict = f"errors {key:.2%} in the key basis and {test:.2%} in the test basis; they were {key_was:.2%} "
    verdict += f"and {test_was:.2%}; {len(course.tried)} positions were tried"
    if max(key, test) > ALIGNED:
        controller.positions = course.before
        return Found(False, verdict, UNALIGNED, figures=figures, pictures=[picture], places=places)
    change = Change(places[0], "positions", plain(course.before), plain(course.best))
    return Found(True, verdict, "", [change], figures, [picture], places)


UNSEEN = (
    "Look whether the light is on and all detectors count; calibrate threshold, bias, mean photon number and delays "
    "first."
)
UNALIGNED = (
    "No position of the controller undoes what the fibre does. Look whether a basis is misaligned inside the receiver, "
    "whether the detectors' bits and bases in the scenario are right, and whether the delays are calibrated."
)
