"""Where a PostgreSQL server is: a private file in the words of libpq (PostgreSQL manual, 34.1.1).

For instance::

    host=keys.example dbname=link1 user=qkdctl password=… sslmode=verify-full sslrootcert=/etc/qkdctl/ca.crt
"""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from qkdctl.errors import RecordingError
from qkdctl.keystore.access import make_private

CONNECT_S = 10
NEAR = ("localhost", "127.0.0.1", "::1")


def read_conninfo(place: Path, wait_s: float) -> str:
    """Read where the server is, and add how long to wait for others' transactions.

    Raises
    ------
    RecordingError
        If the file is open to others, makes no sense, or names a server elsewhere whose certificate would not be
        checked.
    """
    make_private(place)
    try:
        text = place.read_text()
        words = conninfo_to_dict(text)
    except (psycopg.Error, UnicodeDecodeError):
        # The text may hold a password: it is not repeated.
        raise RecordingError(
            f"{place}: does not name a PostgreSQL database, expected words like host=… dbname=… user=…"
        ) from None
    hosts = [str(words[name]) for name in ("host", "hostaddr") if words.get(name)]
    far = [host for host in hosts if not host.startswith("/") and host not in NEAR]
    if far and words.get("sslmode") != "verify-full":
        raise RecordingError(
            f"{place}: the server {far[0]} is elsewhere, so its certificate has to be checked; add "
            "sslmode=verify-full and sslrootcert=FILE"
        )
    options = f"{words.get('options') or ''} -c lock_timeout={max(1, round(1000 * wait_s))}"
    return make_conninfo(text, connect_timeout=CONNECT_S, application_name="qkdctl", options=options)
