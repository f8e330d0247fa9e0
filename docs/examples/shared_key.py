"""What the examples that put one key into place at either end have in common: their options, and getting the key.

At one end ``--slave`` asks for a new key; at the other ``--master`` and ``--id`` ask for the same one.
"""

import argparse
from pathlib import Path

from qkdctl.kme.client import DeliveredKey, KmeClient


def options(description: str | None) -> argparse.ArgumentParser:
    """Give a parser that knows whose key server to ask, as which application, for a key shared with whom."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kme", required=True)
    parser.add_argument("--pki", type=Path, required=True)
    parser.add_argument("--sae", required=True)
    parser.add_argument("--slave")
    parser.add_argument("--master")
    parser.add_argument("--id")
    return parser


def fetch(given: argparse.Namespace) -> DeliveredKey:
    """Get a new key, or that of an ID."""
    certificate, private_key = given.pki / f"{given.sae}.crt", given.pki / f"{given.sae}.key"
    with KmeClient(given.kme, certificate, private_key, given.pki / "ca.crt") as kme:
        if given.slave:
            return kme.get_keys(given.slave, size=256)[0]
        return kme.get_keys_by_id(given.master, [given.id])[0]
