"""Reference points, made by an independent implementation with 50 digits."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.errors import InputError
from postproc.estimation.points import evaluate

POINTS = json.loads((Path(__file__).parents[1] / "vectors" / "finite_key_points.json").read_text())["points"]

# A stored figure that a planner needs and no key does.
NOT_EVALUATED = {"expect_chernoff_yin_gammaYin", "expect_s0u_mu2_only"}
# Arguments of a flat maximum, stored from a search; and lengths stored with three decimals.
SEARCHED = {"nu": 1e-7, "xi": 1e-7}


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point["id"])
def test_point(point: dict[str, Any]) -> None:
    figures = evaluate(point)
    groups = [name for name in point if name.startswith("expect") and name not in NOT_EVALUATED]
    assert groups
    for group in groups:
        for name, wanted in point[group].items():
            check(f"{group}.{name}", figures[group][name], float(wanted))


def check(name: str, got: float, wanted: float) -> None:
    figure = name.split(".")[-1]
    if figure == "ell":
        assert abs(got - wanted) <= 1, name
    elif figure == "ell_real":
        assert got == pytest.approx(wanted, rel=1e-9, abs=1e-3), name
    elif figure == "leak_bits":
        assert got == pytest.approx(wanted, abs=1e-3), name
    else:
        assert got == pytest.approx(wanted, rel=SEARCHED.get(figure, 1e-9)), name


def test_the_vectors_hold_what_they_should() -> None:
    schemes = {point["scheme"] for point in POINTS}
    assert {"lim2014_2decoy", "rusca2018_1decoy", "bbm92_single_photon"} <= schemes
    assert len(POINTS) == 71


@pytest.mark.parametrize(
    "point", [p for p in POINTS if p["scheme"] == "lim2014_2decoy"], ids=lambda p: p["id"]
)
def test_the_exact_sampling_rate_is_the_stored_one(point: dict[str, Any]) -> None:
    """The vectors also hold the exact hypergeometric phase error of each point, from another program."""
    from math import log

    from postproc.estimation.hypergeometric import phase_error_rate

    bounds = {name: float(value) for name, value in point["expect"].items()}
    if bounds["sZ1"] < 1:
        pytest.skip("no sample")
    log_failure = log(point["inputs"]["eps_sec"] / 21)
    exact = phase_error_rate(bounds["sX1"], bounds["sZ1"], bounds["vZ1"], log_failure)
    assert exact == pytest.approx(point["phi_exact_hypergeom"], rel=1e-12)
    assert exact <= bounds["phi_X"]


def lim2014(**changes: Any) -> dict[str, Any]:
    inputs = POINTS[0]["inputs"]
    return {"id": "x", "scheme": "lim2014_2decoy", "inputs": inputs | changes}


def test_where_the_phase_error_is_one_half_there_is_no_key_however_much_vacuum_there_is() -> None:
    """Twelve million clicks of which nearly all are noise, and nothing leaked: the vacuum alone would do."""
    noise = {"key_basis_counts": [4 * 10**6] * 3, "test_basis_counts": [10**4] * 3}
    quiet = {"key_basis_errors": [0] * 3, "test_basis_errors": [5000] * 3}
    figures = evaluate(lim2014(p=[0.34, 0.33, 0.33], **noise, **quiet))
    for group in ("expect", "expect_noclamp"):
        assert figures[group]["phi_X"] == 0.5
        assert figures[group]["ell_real"] > 1e6
        assert figures[group]["ell"] == 0


def test_a_block_without_a_click_is_a_block_without_key() -> None:
    figures = ("key_basis_counts", "test_basis_counts", "key_basis_errors", "test_basis_errors")
    nothing = {name: [0, 0, 0] for name in figures}
    assert evaluate(lim2014(**nothing))["expect"]["ell"] == 0


def test_a_point_may_know_its_means_as_intervals() -> None:
    exact, wide = evaluate(lim2014())["expect"], evaluate(lim2014(mu_spread=[0.02, 0.02, 0]))["expect"]
    assert 0 < wide["ell"] < exact["ell"]
    assert wide["phi_X"] > exact["phi_X"]


def bbm92(**changes: Any) -> dict[str, Any]:
    inputs = next(p["inputs"] for p in POINTS if p["scheme"] == "bbm92_single_photon")
    return {"id": "y", "scheme": "bbm92_single_photon", "inputs": inputs | changes}


def test_an_epsilon_that_the_sampling_alone_spends_gives_no_key() -> None:
    figures = evaluate(bbm92(n_key=20, k_test=20, test_errors=9, Qtol=0.45))
    assert figures["expect_tl2017"]["ell"] == 0
    assert figures["expect_tl2017"]["ell_real"] is None
    json.dumps(figures, allow_nan=False)


@pytest.mark.parametrize(
    ("point", "complaint"),
    [
        ([], "must be an object"),
        ({"scheme": "lim2014_2decoy"}, "must be an object"),
        ({"id": "a", "scheme": "e91", "inputs": {}}, "point a: scheme 'e91' is unknown"),
        ({"id": "a", "scheme": ["e91"], "inputs": {}}, "is unknown"),
        (
            {"id": "b", "scheme": "lim2014_2decoy", "inputs": {}},
            "point b: input 'key_basis_counts' is missing",
        ),
        (lim2014(mu=[0.5, 0.1]), "point x: input 'mu' must be a list of 3 numbers"),
        (lim2014(mu="0.5"), "must be a list of 3"),
        (lim2014(mu=[0.3, 0.2, 0.1]), "needs mu1 > mu2 . mu3"),
        (lim2014(p=[0.5, 0.5, 0.5]), "add to 1"),
        (lim2014(eps_sec=0), "above 0 and below 1"),
        (lim2014(eps_sec=float("nan")), "must be a finite number"),
        (lim2014(eps_cor=1), "above 0 and below 1"),
        (lim2014(f_ec=-1), "of at least 0"),
        (lim2014(f_ec=float("inf")), "must be a finite number"),
        (lim2014(f_ec=10**400), "must be a finite number"),
        (lim2014(f_ec=True), "must be a number, got True"),
        (lim2014(key_basis_counts=[1.5, 1, 1]), "must be a whole number, got 1.5"),
        (lim2014(key_basis_counts=[-1, 1, 1]), "of at least 0|from 0"),
        (lim2014(test_basis_errors=[10**9, 0, 0]), "errors among"),
        (bbm92(tag_bits=1), "2.-1, not less than all of"),
        (bbm92(n_key=0), "'n_key' must be a finite number from 1"),
        (bbm92(test_errors=5000), "cannot be"),
        (bbm92(Qtol=1.5), "from 0 to 1"),
        ({"id": "c", "scheme": "verification_tag", "inputs": {"eps_cor": "small"}}, "point c: .*a number"),
        ({"id": "d", "scheme": "verification_tag", "inputs": {"eps_cor": 0}}, "point d: "),
        (
            # A loop without end, once.
            {"id": "e", "scheme": "wegman_carter_poly", "inputs": {"message_bits": 9, "eps_auth": -1}},
            "point e: input 'eps_auth'",
        ),
        ({"id": "f", "scheme": "leak_ec_finite", "inputs": {"n": 10, "Q": 0.5, "eps_ec": 0.1}}, "one half"),
    ],
)
def test_a_bad_point_is_named(point: Any, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        evaluate(point)


@given(
    scheme=st.sampled_from(sorted({point["scheme"] for point in POINTS})),
    data=st.data(),
)
def test_whatever_stands_in_a_point_it_is_evaluated_or_named(scheme: str, data: st.DataObject) -> None:
    inputs = dict(next(point["inputs"] for point in POINTS if point["scheme"] == scheme))
    odd = st.sampled_from(
        [0, 1, -1, 0.5, 1e-300, 10**18, 1e300, None, "x", [], [0, 0], [0, 0, 0], [1, 1, 1], {}]
    )
    for name in data.draw(st.lists(st.sampled_from(sorted(inputs)), min_size=1, max_size=3)):
        inputs[name] = data.draw(odd)
    try:
        figures = evaluate({"id": 1, "scheme": scheme, "inputs": inputs})
    except InputError:
        return
    json.dumps(figures, allow_nan=False)
