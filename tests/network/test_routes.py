"""Ways through networks drawn at random, against a search of everything."""

from itertools import combinations, pairwise

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.network.routes import Edge, Wanted, find_routes, inner

NODES = "abcdefg"


@st.composite
def networks(draw):
    pairs = draw(st.lists(st.sampled_from(list(combinations(NODES, 2))), unique=True, min_size=1))
    free, via = st.sampled_from([10, 100, 1000]), st.sampled_from(["", "", "", "sat1", "sat2"])
    return [Edge(f"{a}{b}", (a, b), draw(free), via=draw(via)) for a, b in pairs]


def everything(edges, length, source, target):
    """All ways, as the sets of what stands between the ends."""
    graph = nx.Graph()
    for edge in edges:
        if edge.free_bytes >= length:
            graph.add_edge(*edge.ends, edge=edge)
    if source not in graph or target not in graph:
        return
    for way in nx.all_simple_paths(graph, source, target):
        vias = [graph.edges[pair]["edge"].via for pair in pairwise(way)]
        vias = [via for via in vias if via]
        if len(vias) == len(set(vias)):
            yield frozenset([*way[1:-1], *vias]) or frozenset(["the link itself"])


def most_disjoint(ways):
    best = 0
    ways = sorted(set(ways), key=len)

    def search(chosen, used, rest):
        nonlocal best
        best = max(best, chosen)
        for place, way in enumerate(rest):
            if not way & used:
                search(chosen + 1, used | way, rest[place + 1 :])
            if best >= 3:
                return

    search(0, frozenset(), ways)
    return best


@given(networks(), st.integers(1, 3), st.sampled_from([10, 100]))
@settings(deadline=None)
def test_as_many_disjoint_ways_are_found_as_there_are(edges, paths, length):
    routes = find_routes(edges, {}, "a", "g", Wanted(length, paths=paths))
    assert bool(routes) == (most_disjoint(everything(edges, length, "a", "g")) >= paths)
    if not routes:
        return
    by_link, vias = {edge.link: edge for edge in edges}, {edge.link: edge.via for edge in edges}
    assert len(routes) == paths
    seen = []
    for route in routes:
        assert (route.nodes[0], route.nodes[-1]) == ("a", "g")
        for place, link in enumerate(route.links):
            assert set(by_link[link].ends) == {route.nodes[place], route.nodes[place + 1]}
            assert by_link[link].free_bytes >= length
        seen += inner(route, vias)
    assert len(set(seen)) == len(seen)


LINE = [Edge("ab", ("a", "b"), 1000), Edge("bc", ("b", "c"), 1000), Edge("ac", ("a", "c"), 1000)]


def test_types_of_routes():
    assert [r.nodes for r in find_routes(LINE, {}, "a", "c", Wanted(10, "direct"))] == [("a", "c")]
    assert [r.nodes for r in find_routes(LINE, {}, "a", "c", Wanted(10, "relayed"))] == [("a", "b", "c")]
    assert find_routes(LINE[:2], {}, "a", "c", Wanted(10, "direct")) == []
    assert find_routes(LINE, {}, "a", "c", Wanted(10, "direct", paths=2)) == []


def test_a_link_over_a_satellite_is_not_direct():
    sky = [Edge("ac", ("a", "c"), 1000, via="sat")]
    assert find_routes(sky, {}, "a", "c", Wanted(10, "direct")) == []
    (route,) = find_routes(sky, {}, "a", "c", Wanted(10, "relayed"))
    assert inner(route, {"ac": "sat"}) == ("sat",)
    assert find_routes(sky, {"sat": 0.5}, "a", "c", Wanted(10, min_trust=0.6)) == []


def test_a_type_of_route_is_had_beside_a_better_link_of_the_other():
    """A fibre and a satellite between the same two nodes."""
    for fibre, sky in ((10, 10**6), (10**6, 10)):
        both = [Edge("fibre", ("a", "c"), fibre), Edge("sky", ("c", "a"), sky, via="sat")]
        for route_type, link in (("direct", "fibre"), ("relayed", "sky")):
            (route,) = find_routes(both, {}, "a", "c", Wanted(10, route_type))
            assert route.links == (link,)


def test_scarce_key_and_doubtful_nodes_are_gone_round():
    both = [
        Edge("ab", ("a", "b"), 20), Edge("bd", ("b", "d"), 20),
        Edge("ac", ("a", "c"), 10**6), Edge("cd", ("c", "d"), 10**6),
    ]  # fmt: skip
    (route,) = find_routes(both, {}, "a", "d", Wanted(16))
    assert route.nodes == ("a", "c", "d")
    (route,) = find_routes(both, {"c": 1e-4}, "a", "d", Wanted(16))
    assert route.nodes == ("a", "b", "d")
    assert find_routes(both, {"b": 0.2, "c": 0.2}, "a", "d", Wanted(16, min_trust=0.5)) == []


def test_old_key_is_passed_over_for_new():
    old = [Edge("ab", ("a", "b"), 10**6, age_s=10**6), Edge("bd", ("b", "d"), 10**6, age_s=10**6)]
    new = [Edge("ac", ("a", "c"), 10**6), Edge("cd", ("c", "d"), 10**6)]
    (route,) = find_routes(old + new, {}, "a", "d", Wanted(16))
    assert route.nodes == ("a", "c", "d")
