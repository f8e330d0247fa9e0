"""What may be told of a relayed key: which way it came and what it is made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from qkdctl.network.link_specs import LinkCard
from qkdctl.network.routes import inner
from qkdctl.network.words import Letter, Route


def composition(letter: Letter, label: str, links: Mapping[str, LinkCard]) -> str:
    """Write it as applications read it in ``key_extension``: JSON.

    Parameters
    ----------
    letter : Letter
    label : str
        The worst of all link keys.
    links : mapping of str to LinkCard
        All of the domain.
    """
    suite = letter.terms.hybrid.suite if letter.terms.hybrid else None
    parts: dict[str, object] = {
        "qkdctl_made_of": ["QKD", suite.kem] if suite else ["QKD"],
        "qkdctl_label": label,
        "qkdctl_made_at": letter.made_at,
        "qkdctl_relay": letter.mode,
        "qkdctl_hops": max((len(route.links) for route in letter.routes), default=0),
        "qkdctl_paths": [whole_way(route, links) for route in letter.routes],
        "qkdctl_link_types": [[links[link].kind for link in route.links] for route in letter.routes],
    }
    if suite:
        parts["qkdctl_combiner"] = suite.combiner
    if other := letter.onward or letter.came_from:
        parts["qkdctl_other_domain"] = other
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
