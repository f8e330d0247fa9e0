"""What is told of keys."""

import json

import pytest

from qkdctl.kme.hybrid import Encapsulation, Suite
from qkdctl.kme.words import Terms
from qkdctl.network.composition import composition
from qkdctl.network.link_specs import LinkCard
from qkdctl.network.words import Letter
from tests.network.inmemory import route

LINKS = {name: LinkCard(name, (name[0], name[1]), "stored") for name in ("ab", "bc", "cd")}


def letter(way, kem=None, **more):
    hybrid = Encapsulation(Suite(kem), b"", b"") if kem else None
    return Letter("relay", Terms("SAE_A", ("SAE_X",), 256, ("key",), hybrid), (route(way),), **more)


def told(*letters):
    return json.loads(composition(letters, "secret", LINKS))


def test_all_ways_to_all_nodes_are_told():
    both = told(letter("ab", made_at="2"), letter("abcd", made_at="1", onward="abroad"))
    assert both["qkdctl_paths"] == [["a", "b"], ["a", "b", "c", "d"]]
    assert both["qkdctl_link_types"] == [["stored"], ["stored"] * 3]
    assert both["qkdctl_hops"] == 3
    assert both["qkdctl_made_at"] == "1"
    assert both["qkdctl_other_domain"] == "abroad"


@pytest.mark.parametrize(
    ("kems", "made_of"),
    [
        (["ML-KEM-768", "ML-KEM-768"], ["QKD", "ML-KEM-768"]),
        (["ML-KEM-768", None], ["QKD"]),
        ([None, "ML-KEM-768"], ["QKD"]),
        (["ML-KEM-768", "ML-KEM-1024"], ["QKD"]),
    ],
)
def test_a_share_that_one_node_has_not_is_not_told(kems, made_of):
    both = told(*(letter("ab", kem) for kem in kems))
    assert both["qkdctl_made_of"] == made_of
    assert ("qkdctl_combiner" in both) == (len(made_of) == 2)
