"""All key stores of a node or a satellite: going through their audit logs, and destroying all that is in them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from postproc.types import Role
from qkdctl.errors import RecordingError, UsageError
from qkdctl.keystore.audit import Head, verify
from qkdctl.keystore.kek import kek_path
from qkdctl.keystore.pair import store_path
from qkdctl.keystore.place import is_there
from qkdctl.keystore.store import KeyStore
from qkdctl.keystore.zeroise import zeroise, zeroise_sealed
from qkdctl.network.space import onboard
from qkdctl.network.spec import SPEC_FILE, STORE, read_spec
from qkdctl.network.state import process_of

SEEDS = "*.seed"


class Place(NamedTuple):
    """A key store."""

    path: Path
    party: Role | Literal["node"]


def stores_of(home: Path) -> list[Place]:
    """Name the key stores of a node or a satellite that are there.

    Parameters
    ----------
    home : Path
        Its directory.
    """
    if (home / onboard.SPEC_FILE).exists():
        found = [Place(home / onboard.STORE, "node")]
    elif (home / SPEC_FILE).exists():
        spec = read_spec(home)
        found = [Place(home / STORE, "node")]
        found += [Place(home / f"{one.satellite}.sqlite", "node") for one in spec.downlinks]
        found += [Place(store_path(Path(link.store), link.party), link.party) for link in spec.links]
    else:
        raise UsageError(f"{home}: is no node of a network")
    return [place for place in found if is_there(place.path)]


def verify_all(home: Path) -> dict[str, Head]:
    """Go through the audit logs of a node; give their heads by file.

    Raises
    ------
    RecordingError
        Where one is broken.
    """
    heads = {}
    for path, party in stores_of(home):
        with KeyStore(path, party) as store, store.transaction() as connection:
            heads[str(path)] = verify(connection)
    return heads


def zeroise_all(home: Path) -> list[Path]:
    """Destroy all keys of a node that does not run, and the secrets of its modelled links; give the stores' files.

    What one store objects to keeps no other from being destroyed.

    Raises
    ------
    RecordingError
        If it runs, or something is left, which is named.
    """
    if process_of(home) is not None:
        raise RecordingError(f"{home.name} runs; stop it first: qkdctl network cut {home.name}")
    places = stores_of(home)
    keks = {kek for place in places if (kek := kek_path(place.path)).exists()}
    works = [partial(_zeroise, place, keks) for place in places]
    works += [partial(_destroy_seed, seed) for seed in _seeds(home)]
    left = [str(error) for work in works if (error := _error_of(work)) is not None]
    if left:
        raise RecordingError(f"{home.name}: all else is destroyed, see to what is left: {'; '.join(left)}")
    return [place.path for place in places]


def _error_of(work: Callable[[], None]) -> RecordingError | None:
    try:
        work()
    except RecordingError as error:
        return error
    return None


def _zeroise(place: Place, keks: Collection[Path]) -> None:
    """Destroy a store's keys; `keks` were there before any store's were."""
    path, party = place
    try:
        store = KeyStore(path, party)
    except RecordingError as error:
        zeroise_sealed(path, party)
        kek = kek_path(path)
        if kek in keks and not kek.exists():
            # It was another store's as well, and went with that one.
            return
        raise RecordingError(
            f"{error}; the keys in {path.name} are destroyed, destroy that one too"
        ) from None
    with store:
        zeroise(store)


def _destroy_seed(seed: Path) -> None:
    with _explained(seed):
        with seed.open("r+b") as file:
            file.write(os.urandom(seed.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        seed.unlink()


def _seeds(home: Path) -> list[Path]:
    """The secrets from which a node draws modelled keys."""
    found = list(home.glob(SEEDS))
    if (home / SPEC_FILE).exists():
        found += [Path(link.model.seed) for link in read_spec(home).links if link.model]
    return [path for path in found if path.exists()]


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RecordingError(f"{path}: cannot be destroyed: {error.strerror}; remove it by hand") from None
