"""Both parties' key stores on one machine, as offline processing needs them.

What two nodes have to settle over a wire can be settled here at once, because both ends are at hand.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from postproc.authentication.sharedkey import KEY_BYTES, split_shared_key
from postproc.types import Alarm, Role
from qkdctl.errors import RecordingError
from qkdctl.keystore.lock import sole_run
from qkdctl.keystore.store import KeyStore

PARTIES: tuple[Role, ...] = ("alice", "bob")

SHARED_KEY_BYTES = 4096

Stores = dict[Role, KeyStore]


def store_path(directory: Path, party: Role) -> Path:
    """Where a party's key store lies."""
    return directory / f"{party}.sqlite"


@contextmanager
def both_stores(directory: Path) -> Iterator[Stores]:
    """Open both parties' key stores for a run; no other run can open them meanwhile.

    Raises
    ------
    RecordingError
        If one cannot be used.
    """
    with ExitStack() as stack:
        paths = {party: store_path(directory, party) for party in PARTIES}
        for path in paths.values():
            stack.enter_context(sole_run(path))
        yield {party: stack.enter_context(KeyStore(path, party)) for party, path in paths.items()}


def settle(stores: Stores) -> None:
    """Resolve what an interrupted run left one-sided.

    A key that one end holds confirmed (or has delivered) and the other staged is confirmed there too: it is
    the same key. One that is quarantined at one end is so at both. What neither end has more than staged is dropped.
    """
    staged = [(party, block) for party, store in stores.items() for block in store.unsettled()]
    fates = {block: {store.fate(*block) for store in stores.values()} - {"none"} for _, block in staged}
    for party, block in staged:
        store, fate = stores[party], fates[block]
        ends = store.quarantine if "quarantined" in fate else store.confirm if fate else store.discard
        ends(*block)


@contextmanager
def settled(stores: Stores) -> Iterator[None]:
    """Settle before and after, whatever happens between."""
    settle(stores)
    try:
        yield
    except BaseException:
        # What went wrong first is what to tell.
        with suppress(RecordingError):
            settle(stores)
        raise
    settle(stores)


def import_shared_key(stores: Stores, shared_key: bytes, reserve_tags: int = 1) -> None:
    """Begin both pools anew with a pre-shared key.

    Raises
    ------
    InputError, RecordingError
        If it holds less than the reserve, or either store cannot take it; then neither has.
    """
    there = len(split_shared_key(shared_key).one_time_keys["bob"]) // KEY_BYTES
    if there < reserve_tags:
        raise RecordingError(
            f"the pre-shared key holds {there} one-time keys for each party's words, and no session starts "
            f"below {reserve_tags}; give one of at least {(3 + 2 * reserve_tags) * KEY_BYTES} bytes"
        )
    for store in stores.values():
        store.pool.check_new(shared_key)
    for store in stores.values():
        store.pool.import_shared_key(shared_key)


def share_key(stores: Stores, shared_key: bytes | None, reserve_tags: int) -> list[Alarm]:
    """See that both pools can serve a session: with a key from a file, or whatever is there.

    Raises
    ------
    InputError, RecordingError
        As :func:`import_shared_key` and :func:`ensure_shared_key`.
    """
    if shared_key is not None:
        import_shared_key(stores, shared_key, reserve_tags)
    alarm = ensure_shared_key(stores, reserve_tags)
    return [alarm] if alarm else []


def ensure_shared_key(stores: Stores, reserve_tags: int) -> Alarm | None:
    """See that both pools can serve a session; where they cannot, begin both anew with a fresh key.

    On one machine the two parties can share a key without a courier. A pool that began with a key from a
    file serves a link to another node, and is left alone.

    Returns
    -------
    Alarm or None
        Says that it was done.

    Raises
    ------
    RecordingError
        If such a pool has too little left, or the pools began differently.
    """
    held = {party: store.pool.shared_key for party, store in stores.items()}
    left = min(store.pool.remaining(sender) for store in stores.values() for sender in PARTIES)
    same = held["alice"] is not None and held["alice"] == held["bob"]
    if same and left >= reserve_tags:
        return None
    if any(key is not None and not key.made_here for key in held.values()):
        raise RecordingError(
            f"{left} one-time authentication keys are left, and no session starts below {reserve_tags}; give "
            "both parties a new pre-shared key with --psk"
            if same
            else "the two key stores do not hold the same pre-shared key; give both a new one with --psk, "
            "or name another directory with --store"
        )
    return _share_fresh_key(stores, reserve_tags)


def _share_fresh_key(stores: Stores, reserve_tags: int) -> Alarm:
    shared_key = secrets.token_bytes(max(SHARED_KEY_BYTES, 64 * reserve_tags))
    for store in stores.values():
        store.pool.import_shared_key(shared_key, made_here=True)
    return Alarm(
        "shared-key-made-here",
        "info",
        "authentication",
        {"bytes": len(shared_key)},
        "No pre-shared key was given, so one was made for both key stores on this machine. That is fine for "
        "recordings; two separate nodes need one that was carried to both.",
    )
