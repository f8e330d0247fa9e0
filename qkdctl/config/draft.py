"""A scenario of one's own, made from one that comes along: its text, with other addresses and another name."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping

from drivers.configuration import RACK
from qkdctl.errors import ConfigurationError

ADDRESS = f'address = "{RACK}"'


def places(text: str) -> dict[str, str]:
    """Give the drivers of the instruments that a scenario leaves to the rack, by place such as ``bob.tagger``."""
    instruments = tomllib.loads(text).get("instruments", {})
    return {
        f"{party}.{role}": table["driver"]
        for party, here in instruments.items()
        for role, table in here.items()
        if table.get("address", RACK) == RACK
    }


def drafted(text: str, name: str, addresses: Mapping[str, str]) -> str:
    """Give a scenario's text with another name and with addresses put in; comments stay.

    Raises
    ------
    ConfigurationError
        If the scenario has no such instrument, or has it elsewhere than on the rack.
    """
    text = re.sub(r"(?m)^name = .*$", lambda _: f"name = {json.dumps(name)}", text, count=1)
    known = places(text)
    for place, address in addresses.items():
        if place not in known:
            raise ConfigurationError(
                f"{place}: the scenario leaves no such instrument to the rack; there are {', '.join(known)}"
            )
        text = _put(text, place, address)
    return text


def _put(text: str, place: str, address: str) -> str:
    head, table, rest = text.partition(f"[instruments.{place}]\n")
    before, found, after = rest.partition(ADDRESS)
    if not found or "\n[" in before:
        raise ConfigurationError(f"{place}: has no line {ADDRESS} in its table")
    return f"{head}{table}{before}address = {json.dumps(address)}{after}"
