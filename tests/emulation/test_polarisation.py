"""What plates and fibres do to polarisation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.emulation.bench.parameters import Receiver
from drivers.emulation.bench.polarisation import (
    STRAIGHT,
    joined,
    mean_error,
    paths,
    through_fibre,
    through_plates,
)
from drivers.emulation.bench.registration import registered_means
from drivers.emulation.seams import Plate

ANGLE = st.floats(-180, 180)
ERROR = st.floats(0, 0.5)


def test_straight_light_goes_where_the_basis_says():
    found = paths(0.01, STRAIGHT)
    assert found[0] == pytest.approx([0.99, 0.01, 0.5, 0.5])
    assert found[3] == pytest.approx([0.5, 0.5, 0.01, 0.99])


@given(ERROR, st.tuples(ANGLE, ANGLE, ANGLE))
def test_whatever_turns_light_loses_none(error, angles):
    found = paths(error, through_fibre(angles))
    assert (found >= -1e-12).all()
    assert np.allclose(found[:, :2].sum(1), 1)
    assert np.allclose(found[:, 2:].sum(1), 1)


@pytest.mark.parametrize(
    ("plate", "error"),
    [
        (Plate(0, 180), (0.0, 1.0)),  # a half-wave plate along H leaves H and V, and swaps the diagonals
        (Plate(45, 180), (1.0, 0.0)),
        (Plate(22.5, 180), (0.5, 0.5)),  # H to D and D to H: each basis into the other
        (Plate(0, 90), (0.0, 0.5)),  # a quarter-wave plate makes the diagonals circular
        (Plate(0, 360), (0.0, 0.0)),
    ],
)
def test_plates_of_the_text_books(plate, error):
    found = paths(0.0, through_plates([plate]))
    assert (found[0, 1], found[2, 3]) == pytest.approx(error, abs=1e-9)


@given(st.tuples(ANGLE, ANGLE, ANGLE))
def test_a_turn_and_its_inverse_leave_the_light_as_it_is(angles):
    there = through_fibre(angles)
    back = tuple(map(tuple, np.array(there).T.tolist()))
    assert mean_error(0.02, joined(there, back)) == pytest.approx(0.02)


def test_turned_light_is_registered_elsewhere():
    quarter = through_plates([Plate(45, 180)])
    straight = registered_means((1.0,), 0.0, 0.0, Receiver())
    turned = registered_means((1.0,), 0.0, 0.0, Receiver(), quarter)
    assert turned[0, 0] == pytest.approx(straight[0, 2])  # key bit 0 arrives as key bit 1
    assert turned[0, 1] == pytest.approx(straight[0, 1])
