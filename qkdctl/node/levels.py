"""How full a node's key store is, told now and then."""

from __future__ import annotations

from qkdctl.keystore.store import KeyStore
from qkdctl.node.observation import Tell

LOOK_EVERY_S = 5.0


class StoreWatch:
    """Looks at a key store every few seconds; a look is one short query.

    Parameters
    ----------
    store : KeyStore
    tell : callable
    """

    def __init__(self, store: KeyStore, tell: Tell) -> None:
        self._store, self._tell = store, tell
        self._next_s = 0.0

    def look(self, now_s: float) -> None:
        """Tell the level, if it is time."""
        if now_s < self._next_s:
            return
        self._next_s = now_s + LOOK_EVERY_S
        keys, bits = self._store.level()
        left = min(self._store.pool.remaining(sender) for sender in ("alice", "bob"))
        self._tell("store", "", keys=keys, bits=bits, authentication_keys=left)
