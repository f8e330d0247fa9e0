"""The tables of instruments: names, settings and addresses are held against the drivers before anything is opened."""

import pytest

from qkdctl.errors import ConfigurationError
from tests.config.test_load import TABLE, changed

LASER = {"driver": "koheron-ctl200", "address": "serial:///dev/ttyUSB0", "settings": {"current_ma": 50.0}}


def test_instruments_are_kept_apart_from_what_is_agreed(loaded):
    scenario = loaded(changed(TABLE, instruments={"alice": {"laser": LASER}}))
    assert scenario.instruments["alice"]["laser"].settings == {"current_ma": 50.0}
    assert scenario.parameters == loaded(TABLE).parameters


def test_an_address_may_be_left_to_the_rack(loaded):
    laser = {"driver": "koheron-ctl200"}
    assert (
        loaded(changed(TABLE, instruments={"bob": {"laser": laser}})).instruments["bob"]["laser"].address
        == "rack"
    )


@pytest.mark.parametrize(
    ("instruments", "sentence"),
    [
        ({"alice": {"laser": {**LASER, "driver": "koheron"}}}, "instruments.alice.laser: there is no driver"),
        ({"alice": {"laser": {**LASER, "settings": {"curent_ma": 1}}}}, "has no setting 'curent_ma'"),
        ({"alice": {"laser": {**LASER, "settings": {"current_ma": 1e9}}}}, "current_ma must be"),
        ({"alice": {"laser": {**LASER, "adress": "x"}}}, "adress is not a key that is known here"),
        ({"carol": {"laser": LASER}}, "carol"),
        ({"alice": {"laser": {"address": "x"}}}, "driver is missing"),
        ({"alice": {"laser": 3}}, "expected a table"),
    ],
)
def test_mistakes_are_named(loaded, instruments, sentence):
    with pytest.raises(ConfigurationError, match="instruments") as error:
        loaded(changed(TABLE, instruments=instruments))
    assert sentence in str(error.value)
