"""A TLS 1.3 connection under a pre-shared key from the link: write the key as a session that OpenSSL can take up.

    python tls_psk.py --kme https://localhost:8443 --pki pki --sae SAE_A --slave SAE_B session.pem
    python tls_psk.py --kme https://localhost:8444 --pki pki --sae SAE_B --master SAE_A --id ID session.pem

The first prints the key's ID; carry it to the other end on any way. It is public, and the key stays in the file,
which only its owner can read: nothing secret stands on a command line. Then, at either end:

    openssl s_server -tls1_3 -nocert -psk_identity ID -psk_session session.pem -accept 4433
    openssl s_client -tls1_3 -psk_identity ID -psk_session session.pem -connect localhost:4433

The two know each other by the key alone, and what they say stays secret from a computer that breaks elliptic
curves as long as the key is. Delete both files when the connection is up.
"""

import base64
import os
from pathlib import Path

from shared_key import fetch, options

TLS_1_3 = (3, 4)
AES_256_GCM_SHA384 = (0x13, 0x02)
INTEGER, OCTETS, SEQUENCE = 0x02, 0x04, 0x30


def der(tag: int, content: bytes) -> bytes:
    """Write one value of less than 128 bytes."""
    return bytes([tag, len(content)]) + content


def session(key: bytes) -> str:
    """Write a key as OpenSSL's ``SSL SESSION PARAMETERS``: version, protocol, cipher, no ID, key."""
    fields = (
        der(INTEGER, bytes([1]))
        + der(INTEGER, bytes(TLS_1_3))
        + der(OCTETS, bytes(AES_256_GCM_SHA384))
        + der(OCTETS, b"")
        + der(OCTETS, key)
    )
    text = base64.b64encode(der(SEQUENCE, fields)).decode()
    return f"-----BEGIN SSL SESSION PARAMETERS-----\n{text}\n-----END SSL SESSION PARAMETERS-----\n"


def main() -> None:
    """Read the command line and do it."""
    parser = options(__doc__)
    parser.add_argument("session", type=Path)
    given = parser.parse_args()
    # A key is spent only if it has a place to go.
    with os.fdopen(os.open(given.session, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        try:
            key = fetch(given)
            file.write(session(key.value.reveal()))
        except BaseException:
            given.session.unlink()
            raise
    print(key.id)


if __name__ == "__main__":
    main()
