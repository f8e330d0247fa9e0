"""Rotate the pre-shared key of a WireGuard tunnel: write it into the configuration at either end.

    python wireguard_psk.py --kme URL --pki pki --sae SAE_A --slave SAE_B --peer PUBLIC wg0.conf
    python wireguard_psk.py --kme URL --pki pki --sae SAE_B --master SAE_A --id ID --peer PUBLIC wg0.conf

The first prints the key's ID; carry it to the other end on any way. Load the file as root when both have it:
``wg syncconf wg0 <(wg-quick strip wg0.conf)``. WireGuard mixes the key into its handshake, so that a tunnel
holds against a computer that breaks its elliptic curve as long as the key is secret.
"""

import base64
import os
import re
from pathlib import Path

from shared_key import fetch, options


def with_psk(text: str, peer: str, key: bytes) -> str:
    """Put a key into the section of a peer, in place of the one that is there."""
    parts = re.split(r"(?m)^(?=\[)", text)
    mine = [part for part in parts if re.search(rf"(?m)^PublicKey\s*=\s*{re.escape(peer)}\s*$", part)]
    if len(mine) != 1:
        raise SystemExit(f"the configuration has {len(mine)} peers with the public key {peer}, expected one")
    bare = re.sub(r"(?m)^PresharedKey\s*=.*\n?", "", mine[0]).rstrip("\n")
    line = f"PresharedKey = {base64.b64encode(key).decode()}\n"
    return "".join(f"{bare}\n{line}\n" if part is mine[0] else part for part in parts)


def replace(path: Path, text: str) -> None:
    """Write the file whole or not at all, for its owner only."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def main() -> None:
    """Read the command line and do it."""
    parser = options(__doc__)
    parser.add_argument("--peer", required=True)
    parser.add_argument("configuration", type=Path)
    given = parser.parse_args()
    before = given.configuration.read_text()
    with_psk(before, given.peer, bytes(32))  # A key is spent only if it has a place to go.
    key = fetch(given)
    replace(given.configuration, with_psk(before, given.peer, key.value.reveal()))
    print(key.id)


if __name__ == "__main__":
    main()
