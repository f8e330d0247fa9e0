"""Encrypt a file for an SAE at the other end of the link, and decrypt it there: AES-256-GCM, one key a file.

    python encrypt_file.py encrypt --kme https://localhost:8443 --pki pki --sae SAE_A --with SAE_B plain.txt sealed
    python encrypt_file.py decrypt --kme https://localhost:8444 --pki pki --sae SAE_B --with SAE_A sealed plain.txt

The sealed file begins with the key's ID, by which the other end gets the same key. A key is used once, so the
nonce is fixed.
"""

import argparse
import uuid
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from qkdctl.kme.client import KmeClient

NONCE = bytes(12)
ID_BYTES = 16


def encrypt(kme: KmeClient, slave: str, plain: bytes) -> bytes:
    """Seal under a new key."""
    (key,) = kme.get_keys(slave, size=256)
    name = uuid.UUID(key.id).bytes
    return name + AESGCM(key.value.reveal()).encrypt(NONCE, plain, name)


def decrypt(kme: KmeClient, master: str, sealed: bytes) -> bytes:
    """Open with the key that the file names; it is used up by that."""
    name = sealed[:ID_BYTES]
    (key,) = kme.get_keys_by_id(master, [str(uuid.UUID(bytes=name))])
    return AESGCM(key.value.reveal()).decrypt(NONCE, sealed[ID_BYTES:], name)


def main() -> None:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=["encrypt", "decrypt"])
    parser.add_argument("--kme", required=True)
    parser.add_argument("--pki", type=Path, required=True)
    parser.add_argument("--sae", required=True)
    parser.add_argument("--with", dest="other", required=True)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    given = parser.parse_args()
    certificate, key = given.pki / f"{given.sae}.crt", given.pki / f"{given.sae}.key"
    with KmeClient(given.kme, certificate, key, given.pki / "ca.crt") as kme:
        work = encrypt if given.action == "encrypt" else decrypt
        given.target.write_bytes(work(kme, given.other, given.source.read_bytes()))


if __name__ == "__main__":
    main()
