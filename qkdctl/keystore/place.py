"""Where a party's rows lie: in a SQLite file, or on the PostgreSQL server that a file beside it names.

A store is named by the path of its SQLite file, ``alice.sqlite``. Where ``alice.postgresql`` lies in that directory,
the rows are on the server to which the text in it leads; lock, identity and key-encryption key stay in the directory.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from qkdctl.keystore.database import Database
from qkdctl.keystore.engine import Engine

SUFFIX = ".postgresql"


def server_file(store: Path) -> Path | None:
    """The file that names a store's PostgreSQL server; None where there is none."""
    file = store.with_suffix(SUFFIX)
    return file if file.exists() else None


def is_there(store: Path) -> bool:
    """Whether there is a store of this name, in its file or on a server."""
    return store.exists() or server_file(store) is not None


def open_engine(store: Path, party: str, wait_s: float) -> Engine:
    """Open a party's database where it is.

    Raises
    ------
    RecordingError
        If it cannot be used.
    """
    file = server_file(store)
    if file is None:
        return Database(store, party, wait_s)
    from qkdctl.keystore.postgres import Postgres

    return Postgres(file, party, wait_s)


def sole_on_server(store: Path) -> AbstractContextManager[bool]:
    """Claim, where the rows are on a server, that no run on another machine makes keys in them; tell if it is so."""
    file = server_file(store)
    if file is None:
        return nullcontext(True)
    from qkdctl.keystore.postgres import sole_claim

    return sole_claim(file)
