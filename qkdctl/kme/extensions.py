"""The extension parameters that a Key request may carry.

``qkdctl_max_age``
    In seconds: no key that is older.
``qkdctl_route_type``
    "direct": over the one link between the two nodes; "relayed": over others; "any".
``qkdctl_min_paths``
    Over so many paths that have no node in common.
``qkdctl_hybrid``
    "required", or true, or ``{"kem": "ML-KEM-768" | "ML-KEM-1024", "combiner": "xor" | "cat"}``: combine with
    ML-KEM; "preferred": where it can be had.

A server of one link knows one way: it cannot meet "relayed" or more than one path.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

from qkdctl.kme.config import Hybrid
from qkdctl.kme.hybrid import Suite
from qkdctl.kme.messages import Extension, KeyRequest
from qkdctl.kme.refusal import NOT_MET, UNSUPPORTED, bad

_WORDS = ("required", "preferred")
KNOWN = ("qkdctl_max_age", "qkdctl_route_type", "qkdctl_min_paths", "qkdctl_hybrid")
MOST_PATHS = 8
LONGEST_AGE_S = 1e9

RouteType = Literal["direct", "relayed", "any"]


@dataclass(frozen=True)
class Options:
    """What a request asks for beyond number and size.

    Attributes
    ----------
    oldest : str
        The time (ISO 8601) before which key is too old; empty for any.
    suite : Suite or None
        What to combine with.
    route_type : {"direct", "relayed", "any"}
    min_paths : int
    optional : frozenset of str
        Names of the parameters that may be passed over where no way meets them.
    """

    oldest: str = ""
    suite: Suite | None = None
    route_type: RouteType = "any"
    min_paths: int = 1
    optional: frozenset[str] = frozenset()

    def easier(self) -> Options:
        """Give what is left without the optional parameters."""
        dropped: dict[str, Any] = {}
        for name in self.optional:
            dropped |= _LEFT_OUT[name]
        return replace(self, **dropped, optional=frozenset())


_LEFT_OUT: dict[str, dict[str, Any]] = {
    "qkdctl_max_age": {"oldest": ""},
    "qkdctl_route_type": {"route_type": "any"},
    "qkdctl_min_paths": {"min_paths": 1},
    "qkdctl_hybrid": {"suite": None},
}


class Unmet(Exception):
    """An option that cannot be had."""


def options_of(request: KeyRequest, policy: Hybrid, *, relays: bool = False) -> Options:
    """Read the options; mandatory ones are met or refused, optional ones are met or passed over.

    Parameters
    ----------
    request : KeyRequest
    policy : {"off", "allowed", "required"}
        Of the server, for hybrid keys.
    relays : bool
        The server knows more than one way.

    Raises
    ------
    Refusal
        In the standard's words.
    """
    mandatory, optional = _joined(request.extension_mandatory), _joined(request.extension_optional)
    if unknown := [name for name in mandatory if name not in KNOWN]:
        raise bad(UNSUPPORTED, [{"extension_mandatory_unsupported": name} for name in unknown])
    found: dict[str, Any] = {}
    passable = {name for name in optional if name in KNOWN and name not in mandatory}
    for name, value in optional.items():
        with suppress(Unmet):
            found |= _read(name, value, policy, relays)
    for name, value in mandatory.items():
        try:
            found |= _read(name, value, policy, relays)
        except Unmet as error:
            raise bad(NOT_MET, [{name: str(error)}]) from None
        if value == "preferred":
            passable.add(name)
    if policy == "required":
        found["suite"] = found.get("suite") or Suite()
        passable.discard("qkdctl_hybrid")
    return Options(**found, optional=frozenset(passable))


def _joined(extension: Extension) -> Mapping[str, Any]:
    """A list of objects, each with names and values, as one."""
    if isinstance(extension, dict):
        return extension
    return {name: value for item in extension or () for name, value in item.items()}


def _read(name: str, value: Any, policy: Hybrid, relays: bool) -> dict[str, Any]:
    match name:
        case "qkdctl_max_age":
            return {"oldest": _oldest(value)}
        case "qkdctl_route_type":
            return _route_type(value, relays)
        case "qkdctl_min_paths":
            return _min_paths(value, relays)
        case "qkdctl_hybrid":
            suite = suite_of(value, policy)
            return {"suite": suite} if suite else {}
    return {}


def _route_type(value: Any, relays: bool) -> dict[str, Any]:
    if not relays and value not in ("direct", "any"):
        raise Unmet("expected direct or any: keys of this server come over one link")
    if value not in ("direct", "relayed", "any"):
        raise Unmet("expected direct, relayed or any")
    return {"route_type": value}


def _min_paths(value: Any, relays: bool) -> dict[str, Any]:
    most = MOST_PATHS if relays else 1
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise Unmet(f"expected a number from 1 to {most}")
    return {"min_paths": value}


def _oldest(age_s: Any) -> str:
    if isinstance(age_s, bool) or not isinstance(age_s, int | float) or not 0 <= age_s <= LONGEST_AGE_S:
        raise Unmet("expected seconds")
    # Keys bear the second they were made in, rounded down: only a later whole second is surely young enough.
    return (datetime.now(UTC) - timedelta(seconds=age_s - 1)).isoformat(timespec="seconds")


def suite_of(value: Any, policy: Hybrid) -> Suite | None:
    """Read what ``qkdctl_hybrid`` asks for; None for no ML-KEM share.

    Raises
    ------
    Unmet
        If it makes no sense, or is against the server's policy.
    """
    if value is False and policy != "required":
        return None
    if value == "preferred" and policy == "off":
        return None
    if policy == "off" or value is False:
        raise Unmet("this server's policy is another one")
    try:
        return Suite() if value is True or value in _WORDS else msgspec.convert(value, Suite)
    except msgspec.ValidationError:
        raise Unmet(
            "expected true, required, preferred, or a kem and a combiner that this server has"
        ) from None
