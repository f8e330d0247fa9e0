"""A step that fails on its way leaves everything as it was, and none is taken after it."""

import pytest

from drivers.errors import BadAnswer, NoAnswer
from postproc.errors import SynchronisationFailed
from qkdctl.calibration.following import Follower
from qkdctl.calibration.run import chosen, take
from qkdctl.calibration.stand import Light, marked_pattern
from qkdctl.calibration.steps.polarisation import Look, search
from qkdctl.calibration.steps.putting_back import putting_back

LOOK = Look(10, 0.1)


@pytest.fixture
def mute(monkeypatch):
    """Taggers that count so many times and then fall silent."""

    def after(times):
        left, count = iter(range(times)), Light.count_rates_hz

        def counted(light, tagger, seconds):
            if next(left, None) is None:
                raise NoAnswer("bob.tagger: gave no answer")
            return count(light, tagger, seconds)

        monkeypatch.setattr(Light, "count_rates_hz", counted)

    return after


@pytest.mark.parametrize(
    ("step", "place", "name"),
    [
        ("bob-threshold", "bob.tagger", "threshold_v"),
        ("mean-photon-number", "alice.attenuator", "attenuation_db"),
    ],
)
def test_what_a_step_has_moved_is_put_back(table, mute, step, place, name):
    stand = table().stand
    before = stand.get(place, name)
    mute(4)
    (result,) = take(stand, chosen(stand.scenario, (step,)), lambda text: None)
    assert "an instrument failed: bob.tagger: gave no answer" in result.verdict
    assert stand.get(place, name) == before


def test_the_bias_is_put_back(table, monkeypatch):
    stand = table().stand
    before = stand.get("bob.detectors", "bias_current_ua")
    detectors = stand.need("bob.detectors", object)
    left, count = iter(range(7)), detectors.count_rates_hz

    def counted():
        if next(left, None) is None:
            raise NoAnswer("bob.detectors: sends no counts")
        return count()

    monkeypatch.setattr(detectors, "count_rates_hz", counted)
    (result,) = take(stand, chosen(stand.scenario, ("bob-bias",)), lambda text: None)
    assert "bob.detectors: sends no counts" in result.verdict
    assert stand.get("bob.detectors", "bias_current_ua") == before


def test_the_steps_after_it_are_not_taken(table, mute):
    stand, begun = table().stand, []
    mute(0)
    names = ("bob-threshold", "bob-bias", "check")
    first, *others = take(stand, chosen(stand.scenario, names), begun.append)
    assert "an instrument failed" in first.verdict
    assert len(begun) == 1
    assert [result.step for result in others] == ["bob-bias", "check"]
    for result in others:
        assert not result.good
        assert result.verdict == "was not taken, as bob-threshold failed"
        assert "Mend it" in result.advice


def failing():
    raise NoAnswer("gave no answer")


@pytest.mark.parametrize(("place", "does"), [("bob.tagger", "stop"), ("alice.transmitter", "make_safe")])
def test_the_light_goes_out_whatever_fails_on_the_way(table, monkeypatch, place, does):
    stand = table().stand
    follower = Follower(stand, marked_pattern(stand))
    follower.start()
    assert stand.get("alice.attenuator", "shutter_open")
    with monkeypatch.context() as patch:
        patch.setattr(stand.need(place, object), does, failing)
        with pytest.raises(NoAnswer, match="gave no answer"):
            follower.stop()
    assert not stand.get("alice.attenuator", "shutter_open")


class Controller:
    """Of polarisation."""

    positions = (0.5, 0.5)


@pytest.mark.parametrize(
    "failure", [SynchronisationFailed("no lock"), NoAnswer("silent"), KeyboardInterrupt()]
)
def test_a_search_that_is_broken_off_leaves_the_controller_where_it_was(table, failure):
    controller, left = Controller(), iter(range(5))

    def measure(enough, longest_s):
        if next(left, None) is None:
            assert controller.positions != (0.5, 0.5)
            raise failure
        return Rates

    with pytest.raises(type(failure)):
        search(table().stand, controller, measure, LOOK, LOOK)
    assert controller.positions == (0.5, 0.5)


class Rates:
    """Nothing fits."""

    rates = (0.5, 0.5)


def silent():
    raise NoAnswer("bob.tagger: gave no answer")


def test_what_failed_first_is_told_first():
    words = (
        "^bob.tagger: answered strangely; and it could not be put back as it was: bob.tagger: gave no answer$"
    )
    with pytest.raises(NoAnswer, match=words), putting_back(silent):
        raise BadAnswer("bob.tagger: answered strangely")


def test_ctrl_c_stays_ctrl_c():
    with pytest.raises(KeyboardInterrupt), putting_back(silent):
        raise KeyboardInterrupt


def test_what_ends_well_is_not_put_back():
    with putting_back(silent):
        pass
