"""Assumptions, facts, and waivers by name."""

from dataclasses import replace

import msgspec
import pytest

from postproc.errors import ProofError
from postproc.estimation import Assumption, Link, Parameters, Proof, make_proof, unmet, waivers_in_use
from postproc.estimation.assumptions import HOLDS_WHEN
from postproc.protocols import proof_of
from tests.support import links


def test_names_are_what_scenarios_write() -> None:
    assert Assumption("fixed-length") is Assumption.FIXED_LENGTH
    for assumption in Assumption:
        assert assumption.value == assumption.name.lower().replace("_", "-")
        assert len(assumption.meaning) > 30
        assert assumption.source


def test_every_assumption_but_the_length_is_a_fact_of_the_link() -> None:
    assert set(Assumption) - set(HOLDS_WHEN) == {Assumption.FIXED_LENGTH}
    facts = {fact for fact, _ in HOLDS_WHEN.values()}
    assert facts == {field.name for field in msgspec.structs.fields(Link)}
    for fact, wanted in HOLDS_WHEN.values():
        assert getattr(msgspec.convert({fact: wanted}, Link), fact) == wanted


def test_what_is_not_known_does_not_hold(proof: Proof) -> None:
    assert set(unmet(proof, Link())) == proof.assumptions


def test_only_the_waived_length_fails_on_a_perfect_link(proof: Proof, perfect_link: Link) -> None:
    expected = (Assumption.FIXED_LENGTH,) if proof.length == "fixed" else ()
    assert unmet(proof, perfect_link) == expected
    assert waivers_in_use(proof, perfect_link) == expected


@pytest.mark.parametrize("assumption", HOLDS_WHEN)
def test_each_fact_decides_its_assumption(proof: Proof, perfect_link: Link, assumption: Assumption) -> None:
    worse = msgspec.structs.replace(perfect_link, **{HOLDS_WHEN[assumption][0]: "unknown"})
    assert (assumption in unmet(proof, worse)) == (assumption in proof.assumptions)


def test_a_failing_assumption_is_named_with_the_way_out(proof: Proof, perfect_link: Link) -> None:
    passive = msgspec.structs.replace(perfect_link, basis_choice="passive")
    with pytest.raises(ProofError) as refusal:
        waivers_in_use(proof, passive)
    for words in (
        proof.name,
        "active-basis-choice",
        Assumption.ACTIVE_BASIS_CHOICE.meaning,
        "basis_choice is 'passive', not 'active'",
        'list "active-basis-choice" under waived',
    ):
        assert words in str(refusal.value)


def test_a_waiver_in_use_is_told_and_an_idle_one_is_not(
    name: str, parameters: Parameters, perfect_link: Link
) -> None:
    waived = parameters.waived | {Assumption.ACTIVE_BASIS_CHOICE, Assumption.SILENT_TIMES}
    proof = make_proof(name, msgspec.structs.replace(parameters, waived=waived))
    passive = msgspec.structs.replace(perfect_link, basis_choice="passive")
    length = (Assumption.FIXED_LENGTH,) if proof.length == "fixed" else ()
    assert waivers_in_use(proof, passive) == (*length, Assumption.ACTIVE_BASIS_CHOICE)


def test_three_states_are_refused_by_a_four_state_proof(proof: Proof, perfect_link: Link) -> None:
    three = msgspec.structs.replace(perfect_link, states=3)
    if proof.protocol == "decoy-bb84":
        with pytest.raises(ProofError, match="four-states"):
            waivers_in_use(proof, three)
    else:
        waivers_in_use(proof, three)


def test_facts_nobody_asked_for_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({"basis_choise": "active"}, Link)


def test_a_scenario_can_say_that_three_states_are_sent() -> None:
    """A transmitter of three states stands under a proof of four only where that is waived by name."""
    four = links.decoy_parameters()
    three = replace(four, link=replace(four.link, states=3))
    _, waived = proof_of(four)
    assert "four-states" not in waived
    with pytest.raises(ProofError, match=r"four-states.*states is 3"):
        proof_of(three)
    demonstration = replace(three.security, waived=(*three.security.waived, "four-states"))
    _, waived = proof_of(replace(three, security=demonstration))
    assert "four-states" in waived
