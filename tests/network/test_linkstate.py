"""What nodes believe of each other."""

import pytest

from qkdctl.network.link_specs import LinkCard
from qkdctl.network.linkstate import MOST_NUMBER, Advert, LinkStates, Report
from qkdctl.network.routes import Wanted
from qkdctl.network.ways import Ways

NEWEST = "2026-01-01T00:00:00+00:00"


class Spec:
    """As much of a node's as ways are found by."""

    name, trust = "a", {}
    map = (LinkCard("ab", ("a", "b"), "stored"), LinkCard("bc", ("b", "c"), "stored"))


def states(here, began=1):
    return LinkStates({card.name: card.ends for card in Spec.map}, here, began)


def reports(node, free_bytes=1000, newest=NEWEST):
    return tuple(Report(card.name, True, free_bytes, newest) for card in Spec.map if node in card.ends)


def tell(one, other):
    """As neighbours do it: each says what the other lacks."""
    for_one, for_other = other.newer_than(one.numbers()), one.newer_than(other.numbers())
    one.take(for_one)
    other.take(for_other)


@pytest.mark.parametrize(
    "newest",
    ["0", "2025-01-01", "2025-01-01T00:00:00", "yesterday", "9" * 100, "2025-13-01T00:00:00+00:00", "\ud800"],
)
def test_an_advert_with_a_time_that_is_none_is_not_taken(newest):
    here = states("a")
    here.tell(reports("a"), b"")
    here.take([Advert("b", (1, 0), reports("b")), Advert("c", (1, 0), reports("c"))])
    assert here.take([Advert("b", (2, 0), reports("b", newest=newest))]) == []
    assert [route.links for route in Ways(Spec, here).find("c", Wanted(10))] == [("ab", "bc")]


@pytest.mark.parametrize("newest", ["", NEWEST, "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_ways_are_found_whatever_the_time_is(newest):
    here = states("a")
    here.tell(reports("a", newest=newest), b"")
    news = [Advert(node, (1, 0), reports(node, newest=newest)) for node in "bc"]
    assert here.take(news) == news
    assert Ways(Spec, here).find("c", Wanted(10))


def test_what_somebody_else_says_in_a_nodes_name_lasts_until_the_node_hears_of_it():
    b, c = states("b"), states("c")
    b.tell(reports("b"), b"")
    tell(c, b)
    c.take([Advert("b", (2**62, 7), reports("b", free_bytes=0))])
    tell(c, b)
    assert b.numbers()["b"] == (1, 1)
    b.tell(reports("b"), b"")
    tell(c, b)
    assert c.numbers()["b"] == (2**62, 8)
    assert c.newer_than(b.numbers()) == []


def test_a_node_whose_clock_was_set_back_is_heard_of_after_it_has_started_anew():
    c = states("c", 1)
    c.tell(reports("c"), b"")
    for began in (1000, 10):
        b = states("b", began)
        for free_bytes in (began, began + 1):
            b.tell(reports("b", free_bytes), b"")
            tell(c, b)
    assert c.view("bc").free_bytes == 11


def test_a_node_that_counts_on_says_so_at_once():
    turned = []
    b = LinkStates({"bc": ("b", "c")}, "b", 5, turned=lambda: turned.append(1))
    b.tell(reports("b"), b"")
    turned.clear()
    b.take([Advert("b", (5, 1), ())])
    assert not turned
    b.take([Advert("b", (5, 9), ())])
    assert turned


@pytest.mark.parametrize("number", [(-1, 0), (0, -1), (MOST_NUMBER + 1, 0), (0, MOST_NUMBER + 1)])
def test_numbers_that_nobody_counts_to_are_refused(number):
    here = states("a")
    assert here.take([Advert("b", number, reports("b")), Advert("a", number, reports("a"))]) == []
    here.tell(reports("a"), b"")
    assert here.numbers() == {"a": (1, 1)}


@pytest.mark.parametrize(("gossip_s", "gone_after_s"), [(0.5, 30), (10, 30), (60, 180)])
def test_a_node_is_not_gone_before_it_had_time_to_be_heard_of(gossip_s, gone_after_s):
    now = 0.0
    here = LinkStates({"ab": ("a", "b")}, "a", 1, gossip_s, now=lambda: now)
    here.tell((Report("ab", True, 1000),), b"")
    here.take([Advert("b", (1, 0), (Report("ab", True, 1000),))])
    now = gone_after_s
    assert here.view("ab") is not None
    now += 1
    assert here.view("ab") is None
