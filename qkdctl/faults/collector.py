"""An application at each end that takes keys while others are being made."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

from postproc.bits import Bits
from postproc.types import Role
from qkdctl.errors import RecordingError
from qkdctl.keystore.pair import PARTIES, store_path
from qkdctl.keystore.store import KeyStore

EVERY_S = 0.5
WAIT_S = 2.0


class Collector:
    """Takes delivery of most keys at both ends, and remembers which were ever confirmed.

    Parameters
    ----------
    stores : Path
        Directory of the key stores.
    seed : int

    Attributes
    ----------
    complaints : list of str
    """

    def __init__(self, stores: Path, seed: int) -> None:
        self._stores = stores
        self._random = random.Random(seed)  # noqa: S311 - chooses faults, not keys
        self._next_s = 0.0
        self._confirmed: set[str] = set()
        self._delivered: dict[Role, dict[str, bytes]] = {role: {} for role in PARTIES}
        self.complaints: list[str] = []

    def watch(self, directories: Mapping[Role, Path], *, full: bool = False) -> None:
        """Take what is there, if it is time; a store that is busy, or has no room, is asked again later."""
        if monotonic() < self._next_s:
            return
        self._next_s = monotonic() + EVERY_S
        role = self._random.choice(PARTIES)
        if store_path(self._stores, role).exists():
            try:
                self._collect(role, share=0.7)
            except RecordingError as error:
                if "another program" not in str(error) and not full:
                    self.complaints.append(f"{role.capitalize()}'s key store while it was in use: {error}")

    def finish(self) -> None:
        """Take the rest at both ends, and hold them against each other."""
        for role in PARTIES:
            self._collect(role, share=1.0)
        alice, bob = self._delivered["alice"], self._delivered["bob"]
        for name in sorted(alice.keys() ^ bob.keys()):
            self.complaints.append(f"key {name} was delivered at one end only")
        for name in sorted(alice.keys() & bob.keys()):
            if alice[name] != bob[name]:
                self.complaints.append(f"key {name} was delivered with two values")
        for name in sorted(self._confirmed - (alice.keys() & bob.keys())):
            self.complaints.append(f"key {name} was confirmed once, and lost")

    @property
    def delivered(self) -> int:
        """Keys that both ends have."""
        return len(self._delivered["alice"].keys() & self._delivered["bob"].keys())

    def _collect(self, role: Role, share: float) -> None:
        with KeyStore(store_path(self._stores, role), role, wait_s=WAIT_S) as store:
            for entry in store.entries():
                if entry.state != "staged":
                    self._confirmed.add(entry.id)
                if entry.state == "confirmed" and self._random.random() < share:
                    held: list[Bits] = []
                    store.deliver(entry.id, held.append)
                    # Only now: had the disk no room for the delivery, the key would still be there.
                    self._take(role, entry.id, held[0])

    def _take(self, role: Role, name: str, bits: Bits) -> None:
        if name in self._delivered[role]:
            self.complaints.append(f"key {name} was delivered to {role.capitalize()}'s application twice")
        self._delivered[role][name] = hashlib.sha256(bits.to_bytes()).digest()
