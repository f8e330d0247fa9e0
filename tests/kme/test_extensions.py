"""What a request's extension parameters come to, and what of it a server of one link can meet."""

import pytest

from qkdctl.kme.extensions import Options, options_of
from qkdctl.kme.hybrid import Suite
from qkdctl.kme.messages import KeyRequest
from qkdctl.kme.refusal import Refusal


def options(mandatory=None, optional=None, policy="allowed", relays=True):
    request = KeyRequest(extension_mandatory=mandatory, extension_optional=optional)
    return options_of(request, policy, relays=relays)


@pytest.mark.parametrize("value", ["direct", "relayed", "any"])
def test_a_server_of_a_network_takes_every_type_of_route(value):
    assert options([{"qkdctl_route_type": value}]) == Options(route_type=value)


@pytest.mark.parametrize(
    ("name", "value"), [("qkdctl_route_type", "relayed"), ("qkdctl_min_paths", 2), ("qkdctl_min_paths", True)]
)
def test_a_server_of_one_link_refuses_other_ways(name, value):
    with pytest.raises(Refusal) as refused:
        options([{name: value}], relays=False)
    assert refused.value.status == 400
    assert name in refused.value.details[0]
    assert options(optional=[{name: value}], relays=False).min_paths == 1


@pytest.mark.parametrize("value", [0, -1, 9, 1.5, "2", None, True])
def test_a_number_of_paths_is_a_small_number(value):
    with pytest.raises(Refusal):
        options([{"qkdctl_min_paths": value}])


def test_what_is_optional_may_be_passed_over():
    found = options([{"qkdctl_route_type": "relayed"}], [{"qkdctl_min_paths": 3}, {"qkdctl_hybrid": True}])
    assert (found.min_paths, found.suite, found.route_type) == (3, Suite(), "relayed")
    assert found.easier() == Options(route_type="relayed")


def test_hybrid_in_words():
    assert options([{"qkdctl_hybrid": "required"}]) == Options(suite=Suite())
    preferred = options([{"qkdctl_hybrid": "preferred"}])
    assert preferred.suite == Suite()
    assert preferred.easier().suite is None
    assert options([{"qkdctl_hybrid": "preferred"}], policy="off").suite is None


def test_a_policy_cannot_be_passed_over():
    found = options(optional=[{"qkdctl_hybrid": "preferred"}], policy="required")
    assert found.easier().suite == Suite()
