"""What may be told of a relayed key: which way it came and what it is made of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from qkdctl.kme.hybrid import Suite
from qkdctl.network.link_specs import LinkCard
from qkdctl.network.routes import inner
from qkdctl.network.words import Letter, Route


def composition(letters: Sequence[Letter], label: str, links: Mapping[str, LinkCard]) -> str:
    """Write it as applications read it in ``key_extension``: JSON.

    Parameters
    ----------
    letters : sequence of Letter
        One for each node that the keys went to; at least one. All ways are told, the most hops, and an ML-KEM share
        only where there is the same with each.
    label : str
        The worst of all link keys.
    links : mapping of str to LinkCard
        All of the domain.
    """
    routes = [route for letter in letters for route in letter.routes]
    suites = {_suite(letter) for letter in letters}
    suite = suites.pop() if len(suites) == 1 else None
    parts: dict[str, object] = {
        "qkdctl_made_of": ["QKD", suite.kem] if suite else ["QKD"],
        "qkdctl_label": label,
        "qkdctl_made_at": min(letter.made_at for letter in letters),
        "qkdctl_relay": letters[0].mode,
        "qkdctl_hops": max((len(route.links) for route in routes), default=0),
        "qkdctl_paths": [whole_way(route, links) for route in routes],
        "qkdctl_link_types": [[links[link].kind for link in route.links] for route in routes],
    }
    if suite:
        parts["qkdctl_combiner"] = suite.combiner
    if others := [other for letter in letters if (other := letter.onward or letter.came_from)]:
        parts["qkdctl_other_domain"] = ", ".join(dict.fromkeys(others))
    return json.dumps(parts)


def local_composition() -> str:
    """What keys are made of that never leave their node."""
    return json.dumps(
        {
            "qkdctl_made_of": ["random"],
            "qkdctl_label": "secret",
            "qkdctl_made_at": utc_now(),
            "qkdctl_hops": 0,
        }
    )


def utc_now() -> str:
    """The time, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def whole_way(route: Route, links: Mapping[str, LinkCard]) -> list[str]:
    """All that stands on a route, ends and satellites too."""
    vias = {link: links[link].via for link in route.links if link in links}
    return [route.nodes[0], *inner(route, vias), route.nodes[-1]]


def _suite(letter: Letter) -> Suite | None:
    """The ML-KEM share; of keys that were handed to another domain at once, the one that it was asked for."""
    if letter.terms.hybrid:
        return letter.terms.hybrid.suite
    return letter.suite if letter.onward else None
